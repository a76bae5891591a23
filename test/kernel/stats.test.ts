import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ContainerStats } from '../../src/model/usage.js';
import { MAIN } from '../support/private-host.js';
import { SMALL_IMAGE } from '../support/small-image.js';
import { appliedStack, SERVER } from './stack/stack.js';

const BURN = ['busybox', 'sh', '-c', 'while :; do :; done'];
const use = appliedStack({
  name: 'stats',
  images: { box: { ...SMALL_IMAGE, size: '32M' } },
  bridges: { front: { subnet: '10.77.1.0/24', host: '10.77.1.1' } },
  containers: {
    burner: { image: 'box', command: BURN, stop_signal: 'SIGKILL', limits: { cpus: 0.2 } },
    server: {
      ...SERVER,
      bridges: { front: { address: '10.77.1.11' } },
      limits: { memory: '64M', pids: 9, io: [{ read_bps: '1G' }] },
    },
  },
});

function read(name: string, ...files: string[]): string {
  const paths = use()
    .groups(`stats.${name}`)
    .flatMap((group) => files.map((file) => join(group, file)));
  return readFileSync(paths.find((path) => existsSync(path)) ?? files.join(), 'utf8');
}

/** Bytes received and sent. They may grow at any time, at least by neighbor discovery. */
function byDevice(): (number | undefined)[] {
  const [pid] = use().pids('stats.server');
  const line = /eth0:\s*(.*)/.exec(readFileSync(`/proc/${pid}/net/dev`, 'utf8'))?.[1] ?? '';
  const fields = line.split(/\s+/).map(Number);
  return [fields[0], fields[8]];
}

const stats = async (): Promise<Record<string, ContainerStats>> => {
  const list: ContainerStats[] = JSON.parse(await use().done('stats', '--no-stream', '--json'));
  return Object.fromEntries(list.map((each) => [each.name, each]));
};

it('reports what the kernel reports', async () => {
  await use().answers('10.77.1.11', ['server']);
  const write =
    'dd if=/dev/zero of=/f bs=1M count=4 oflag=direct; dd if=/f of=/dev/null iflag=direct bs=1M';
  await use().done('exec', 'server', '--', 'busybox', 'sh', '-c', write);
  const before = Number(read('burner', 'cpuacct.usage')) / 1e9;
  const traffic = byDevice();
  const { burner, server } = await stats();
  const after = Number(read('burner', 'cpuacct.usage')) / 1e9;

  expect(burner?.cpu_time).toBeGreaterThan(before);
  expect(burner?.cpu_time).toBeLessThanOrEqual(after);
  expect(burner?.cpu_percent).toBeGreaterThan(1);
  expect(burner?.cpu_percent).toBeLessThan(25);
  expect(burner?.throttled_periods).toBeGreaterThan(0);
  expect(burner).not.toHaveProperty('memory_limit');

  expect(server?.memory_limit).toBe(64 * 2 ** 20);
  const memory = Number(read('server', 'memory.usage_in_bytes', 'memory.current'));
  // the kernel frees the memory of ended processes in batches, maybe between the two readings
  expect(Math.abs((server?.memory ?? 0) - memory)).toBeLessThan(2 ** 20);
  expect(server?.pids).toBe(Number(read('server', 'pids.current')));
  const counted = read('server', 'blkio.throttle.io_service_bytes_recursive');
  const [own] = server?.io.filter(({ device }) => device.startsWith('7:')) ?? [];
  expect(counted).toContain(`${own?.device} Write ${own?.write_bytes}\n`);
  expect(own?.write_bytes).toBeGreaterThanOrEqual(4 * 2 ** 20);
  expect(own?.read_bytes).toBeGreaterThanOrEqual(4 * 2 ** 20);
  for (const [index, way] of (['received', 'sent'] as const).entries()) {
    expect(server?.network[way]).toBeGreaterThanOrEqual(traffic[index] ?? Number.NaN);
    expect(server?.network[way]).toBeLessThanOrEqual(byDevice()[index] ?? 0);
  }
  expect(server?.oom_kills).toBe(0);
});

it('counts out-of-memory kills', async () => {
  const hog = ['busybox', 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1'];
  expect((await use().run('exec', 'server', '--', ...hog)).code).toBe(137);
  expect((await stats()).server?.oom_kills).toBe(1);
});

it('prints a table of the requested containers, repeatedly', async () => {
  const table = await use().done('stats', '--no-stream', '--interval', '0.2', 'server');
  expect(table.split('\n').map((line) => line.split(/\s+/)[0])).toEqual(['NAME', 'server', '']);
  const { host, file } = use();
  const words = ['--file', file, 'stats', '--json', '--interval', '0.2'];
  const streamed = await host.run('sh', [
    '-c',
    'timeout 5 "$@" | head -n 3',
    'sh',
    process.execPath,
    MAIN,
    '--root',
    host.root,
    ...words,
  ]);
  expect(
    streamed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).length),
  ).toEqual([2, 2, 2]);
});
