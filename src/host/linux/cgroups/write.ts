import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { IoLimit, Limits } from '../../../model/config.js';
import { deviceListChanges } from '../../../model/devices.js';
import { UserError } from '../../../model/errors.js';
import {
  CPU_PERIOD,
  IO_RATES,
  quotaOf,
  sameCpus,
  samePages,
  weightOfShares,
} from '../../../model/limits.js';
import { requireDeviceNumber } from '../device-numbers.js';
import { readText } from '../files/read.js';
import { type Controller, controllerDir, type Hierarchies, nameOnV2 } from './hierarchies.js';
import { ioFile, ratesIn, V2_KEYS } from './io.js';

/** One cgroup file and its desired value. */
interface Setting {
  file: string;
  /** File to read the value back from; by default the written file. */
  shown?: string;
  value: string;
  /** Whether the kernel's notation means the same value. */
  same: (seen: string) => boolean;
}

const LIMITS: {
  name: keyof Limits;
  controller: Controller;
  settings: (dir: string, version: 1 | 2, limits: Limits) => Setting[];
}[] = [
  { name: 'memory', controller: 'memory', settings: memorySettings },
  { name: 'memory_reservation', controller: 'memory', settings: reservationSettings },
  { name: 'memory_swappiness', controller: 'memory', settings: swappinessSettings },
  { name: 'cpus', controller: 'cpu', settings: quotaSettings },
  { name: 'cpu_shares', controller: 'cpu', settings: shareSettings },
  { name: 'cpuset', controller: 'cpuset', settings: cpusetSettings },
  { name: 'pids', controller: 'pids', settings: pidsSettings },
  { name: 'io', controller: 'blkio', settings: ioSettings },
  { name: 'devices', controller: 'devices', settings: deviceSettings },
  { name: 'net_class', controller: 'net_cls', settings: classSettings },
];

/** On v2 the runtime attaches a BPF program at container start; there is no file to write. */
const AT_START_ON_V2 = new Set<keyof Limits>(['devices']);

/**
 * Writes differing limits in an order that the kernel accepts, and reads them back. An unset limit
 * is reset to the kernel's default, if the controller exists.
 */
export function writeLimits(
  hierarchies: Hierarchies,
  cgroup: string,
  wanted: Limits,
  disk = '',
): void {
  const limits = { ...wanted, ...(wanted.io && { io: withDeviceNumbers(wanted.io, disk) }) };
  for (const { name, controller, settings } of LIMITS) {
    const cannot = `cannot limit ${name} of cgroup ${cgroup}`;
    const at = controllerDir(hierarchies, controller, cgroup);
    if (AT_START_ON_V2.has(name) && at?.version !== 1) continue;
    if (!at || !hasController(at.dir, controller, at.version)) {
      if (limits[name] === undefined) continue;
      throw missing(cannot, controller, at?.dir);
    }
    for (const setting of settings(at.dir, at.version, limits)) apply(setting, cannot);
  }
}

function hasController(dir: string, controller: Controller, version: 1 | 2): boolean {
  return version === 1
    ? existsSync(dir)
    : (readText(join(dir, 'cgroup.controllers')) ?? '')
        .trim()
        .split(' ')
        .includes(nameOnV2(controller));
}

function missing(cannot: string, controller: Controller, dir: string | undefined): Error {
  if (dir !== undefined && !existsSync(dir)) return new Error(`${cannot}: the group is not there`);
  return new UserError(
    `${cannot}: this host has no cgroup controller ${controller}`,
    'See `baleine doctor`; the kernel may need cgroup_enable on its command line.',
  );
}

function apply({ file, shown = file, value, same }: Setting, cannot: string): void {
  const before = readText(shown)?.trim();
  if (before !== undefined && same(before)) return;
  try {
    writeFileSync(file, value);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const cause = code === 'EBUSY' ? 'more is in use and cannot be freed' : code;
    throw new Error(`${cannot} to ${value}: ${cause} (${file})`, { cause: error });
  }
  const after = readText(shown)?.trim();
  if (after === undefined || !same(after)) {
    throw new Error(`${cannot} to ${value}: the kernel has ${after} (${file})`);
  }
}

/**
 * Swap is 0 by default: on v1 the limit of memory plus swap is at least the memory limit and must never be below it
 * in between. Kernels without swap accounting have no such file (memory.rst of the kernel's
 * cgroup-v1 documentation, section 6).
 */
function memorySettings(dir: string, version: 1 | 2, limits: Limits): Setting[] {
  const { memory, memory_swap = memory ?? -1 } = limits;
  if (version === 2) {
    const swap = memory_swap === -1 ? 'max' : `${memory_swap - (memory ?? 0)}`;
    return [
      byteSetting(join(dir, 'memory.max'), memory, 'max'),
      ...defaultsOf(swapSetting(join(dir, 'memory.swap.max'), swap)),
    ];
  }
  const limit = byteSetting(join(dir, 'memory.limit_in_bytes'), memory, '-1');
  const total = memory_swap === -1 ? undefined : memory_swap;
  const both = defaultsOf(byteSetting(join(dir, 'memory.memsw.limit_in_bytes'), total, '-1'));
  const raised = (memory ?? Number.POSITIVE_INFINITY) > Number(readText(limit.file));
  return raised ? [...both, limit] : [limit, ...both];
}

/** The kernel rounds down to whole pages. */
function swapSetting(file: string, value: string): Setting {
  const same = (seen: string) => seen === value || samePages(Number(value), Number(seen));
  return { file, value, same };
}

function reservationSettings(dir: string, version: 1 | 2, limits: Limits): Setting[] {
  const [name, none] = version === 1 ? ['memory.soft_limit_in_bytes', '-1'] : ['memory.low', '0'];
  return [byteSetting(join(dir, name), limits.memory_reservation, none)];
}

/** By default that of the parent group, which a new group has on v1. */
function swappinessSettings(dir: string, version: 1 | 2, limits: Limits): Setting[] {
  const name = 'memory.swappiness';
  const value = limits.memory_swappiness ?? readText(join(dirname(dir), name))?.trim();
  if (version === 2 || value === undefined) return [];
  return [exactSetting(join(dir, name), `${value}`)];
}

function quotaSettings(dir: string, version: 1 | 2, { cpus }: Limits): Setting[] {
  const quota = cpus === undefined ? undefined : quotaOf(cpus);
  if (version === 2) return [exactSetting(join(dir, 'cpu.max'), `${quota ?? 'max'} ${CPU_PERIOD}`)];
  return [
    exactSetting(join(dir, 'cpu.cfs_period_us'), `${CPU_PERIOD}`),
    exactSetting(join(dir, 'cpu.cfs_quota_us'), `${quota ?? -1}`),
  ];
}

function shareSettings(dir: string, version: 1 | 2, { cpu_shares }: Limits): Setting[] {
  if (version === 1) return [exactSetting(join(dir, 'cpu.shares'), `${cpu_shares ?? 1024}`)];
  const weight = cpu_shares === undefined ? 100 : weightOfShares(cpu_shares);
  return [exactSetting(join(dir, 'cpu.weight'), `${weight}`)];
}

/** v1 does not accept an empty set, so "no limit" copies the parent's set. */
function cpusetSettings(dir: string, version: 1 | 2, { cpuset }: Limits): Setting[] {
  const file = join(dir, 'cpuset.cpus');
  const all = version === 1 ? readText(join(dirname(dir), 'cpuset.cpus'))?.trim() : '';
  const value = cpuset ?? all ?? '';
  // An empty write(2) never reaches the kernel; a newline does.
  return [{ file, value: value || '\n', same: (seen) => sameCpus(value, seen) }];
}

function pidsSettings(dir: string, _version: 1 | 2, { pids }: Limits): Setting[] {
  return [exactSetting(join(dir, 'pids.max'), `${pids}`)];
}

/** Includes devices whose limit is being removed. */
function ioSettings(dir: string, version: 1 | 2, { io = [] }: Limits): Setting[] {
  return IO_RATES.flatMap((rate) => {
    const [name, key] = version === 1 ? [ioFile(rate), undefined] : ['io.max', V2_KEYS[rate]];
    const file = join(dir, name);
    const before = ratesIn(readText(file) ?? '', key).keys();
    const devices = new Set([...before, ...io.map(({ device }) => device)]);
    return [...devices].map((device): Setting => {
      const value = io.find((each) => each.device === device)?.[rate];
      return {
        file,
        value: key ? `${device} ${key}=${value ?? 'max'}` : `${device} ${value ?? 0}`,
        same: (seen) => ratesIn(seen, key).get(device) === value,
      };
    });
  });
}

function withDeviceNumbers(io: IoLimit[], disk: string): IoLimit[] {
  return io.map((each) => ({ ...each, device: requireDeviceNumber(each.device, disk) }));
}

/** One rule per write; removals come before additions. */
function deviceSettings(dir: string, _version: 1 | 2, { devices = [] }: Limits): Setting[] {
  const shown = join(dir, 'devices.list');
  const changes = (seen: string) => deviceListChanges(devices, seen.split('\n'));
  const { deny, allow } = changes(readText(shown)?.trim() ?? '');
  return [
    ...deny.map((value): Setting => {
      const same = (seen: string) => !changes(seen).deny.includes(value);
      return { file: join(dir, 'devices.deny'), shown, value, same };
    }),
    ...allow.map((value): Setting => {
      const same = (seen: string) => !changes(seen).allow.includes(value);
      return { file: join(dir, 'devices.allow'), shown, value, same };
    }),
  ];
}

function classSettings(dir: string, _version: 1 | 2, { net_class = 0 }: Limits): Setting[] {
  return [exactSetting(join(dir, 'net_cls.classid'), `${net_class}`)];
}

/** The kernel writes "no limit" as a huge number. */
function byteSetting(file: string, value: number | undefined, none: string): Setting {
  const same = (seen: string) =>
    value === undefined ? seen === none || Number(seen) >= 2 ** 62 : samePages(value, Number(seen));
  return { file, value: value === undefined ? none : `${value}`, same };
}

function exactSetting(file: string, value: string): Setting {
  return { file, value, same: (seen) => seen === value };
}

const defaultsOf = (setting: Setting) => (existsSync(setting.file) ? [setting] : []);
