import { join } from 'node:path';
import type { Usage } from '../../../model/usage.js';
import { readText } from '../files/read.js';
import { type Controller, controllerDir, type Hierarchies } from './hierarchies.js';
import { readOomKills } from './read.js';

/**
 * Resource usage of a cgroup; undefined if it does not exist. Sources: the kernel's
 * cgroup-v1/cpuacct, blkio-controller and memory documentation, and cgroup-v2.rst.
 */
export function readUsage(hierarchies: Hierarchies, cgroup: string): Usage | undefined {
  const read = (controller: Controller, v1: string, v2: string) => {
    const at = controllerDir(hierarchies, controller, cgroup);
    return at && readText(join(at.dir, at.version === 1 ? v1 : v2));
  };
  const pids = read('pids', 'pids.current', 'pids.current');
  if (pids === undefined) return undefined;
  const cpu = numbersIn(read('cpu', 'cpu.stat', 'cpu.stat'));
  const time = hierarchies.v1.has('cpuacct') && read('cpuacct', 'cpuacct.usage', '');
  const devices = read('blkio', 'blkio.throttle.io_service_bytes_recursive', 'io.stat') ?? '';
  return {
    // Nanoseconds on v1, microseconds on v2.
    cpu_time: time ? Number(time) / 1e9 : (cpu.get('usage_usec') ?? 0) / 1e6,
    memory: Number(read('memory', 'memory.usage_in_bytes', 'memory.current') ?? 0),
    pids: Number(pids),
    io: hierarchies.v1.has('blkio') ? ioOfV1(devices) : ioOfV2(devices),
    throttled_periods: cpu.get('nr_throttled') ?? 0,
    throttled_time: (cpu.get('throttled_time') ?? 0) / 1e9 + (cpu.get('throttled_usec') ?? 0) / 1e6,
    oom_kills: readOomKills(hierarchies, cgroup),
  };
}

function numbersIn(text = ''): Map<string, number> {
  return new Map(
    text.split('\n').map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]),
  );
}

/** `7:0 Read 4096`, one line per operation. */
function ioOfV1(text: string): Usage['io'] {
  const lines = text.split('\n').map((line) => line.split(' '));
  const count = (device: string, kind: string) =>
    Number(lines.find(([number, word]) => number === device && word === kind)?.[2] ?? 0);
  const devices = new Set(lines.flatMap(([number = '']) => (number.includes(':') ? [number] : [])));
  return [...devices].map((device) => ({
    device,
    read_bytes: count(device, 'Read'),
    write_bytes: count(device, 'Write'),
  }));
}

/** `7:0 rbytes=4096 wbytes=0 …` */
function ioOfV2(text: string): Usage['io'] {
  return text.split('\n').flatMap((line) => {
    const [device = '', ...words] = line.split(' ');
    const count = (key: string) =>
      Number(words.find((word) => word.startsWith(`${key}=`))?.split('=')[1] ?? 0);
    if (words.length === 0) return [];
    return [{ device, read_bytes: count('rbytes'), write_bytes: count('wbytes') }];
  });
}
