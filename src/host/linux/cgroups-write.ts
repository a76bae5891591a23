import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Limits } from '../../model/config.js';
import { weightOfShares } from '../../model/cpu-weight.js';
import { UserError } from '../../model/errors.js';
import { CPU_PERIOD, quotaOf, sameCpus, samePages } from '../../model/limits.js';
import { type Controller, controllerDir, type Hierarchies } from './cgroups-hierarchies.js';
import { readText } from './read.js';

/** One file of a cgroup and what it is to say. */
interface Setting {
  file: string;
  value: string;
  /** Whether the kernel's wording means the same. */
  same: (seen: string) => boolean;
}

const LIMITS: {
  name: keyof Limits;
  controller: Controller;
  settings: (dir: string, version: 1 | 2, limits: Limits) => Setting[];
}[] = [
  { name: 'memory', controller: 'memory', settings: memorySettings },
  { name: 'cpus', controller: 'cpu', settings: quotaSettings },
  { name: 'cpu_shares', controller: 'cpu', settings: shareSettings },
  { name: 'cpuset', controller: 'cpuset', settings: cpusetSettings },
  { name: 'pids', controller: 'pids', settings: pidsSettings },
];

/**
 * Writes what differs in the order the kernel accepts, and reads it back. A limit that is not
 * wanted becomes the kernel's default, where the kernel has such a limit at all.
 */
export function writeLimits(hierarchies: Hierarchies, cgroup: string, limits: Limits): void {
  for (const { name, controller, settings } of LIMITS) {
    const cannot = `cannot limit ${name} of cgroup ${cgroup}`;
    const at = controllerDir(hierarchies, controller, cgroup);
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
    : (readText(join(dir, 'cgroup.controllers')) ?? '').trim().split(' ').includes(controller);
}

function missing(cannot: string, controller: Controller, dir: string | undefined): Error {
  if (dir !== undefined && !existsSync(dir)) return new Error(`${cannot}: the group is not there`);
  return new UserError(
    `${cannot}: this host has no cgroup controller ${controller}`,
    'See `baleine doctor`; the kernel may need cgroup_enable on its command line.',
  );
}

function apply({ file, value, same }: Setting, cannot: string): void {
  const before = readText(file)?.trim();
  if (before !== undefined && same(before)) return;
  try {
    writeFileSync(file, value);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const cause = code === 'EBUSY' ? 'more is in use and cannot be freed' : code;
    throw new Error(`${cannot} to ${value}: ${cause} (${file})`, { cause: error });
  }
  const after = readText(file)?.trim();
  if (after === undefined || !same(after)) {
    throw new Error(`${cannot} to ${value}: the kernel has ${after} (${file})`);
  }
}

/**
 * Swap is 0: on v1 the limit of memory and swap together equals that of memory, and must never be
 * below it on the way; kernels without swap accounting have no such file (memory.rst of the
 * kernel's cgroup-v1 documentation, section 6).
 */
function memorySettings(dir: string, version: 1 | 2, { memory }: Limits): Setting[] {
  if (version === 2) {
    const swap = memory === undefined ? 'max' : '0';
    return [
      bytes(join(dir, 'memory.max'), memory, 'max'),
      ...whereKept(exactly(join(dir, 'memory.swap.max'), swap)),
    ];
  }
  const limit = bytes(join(dir, 'memory.limit_in_bytes'), memory, '-1');
  const both = whereKept(bytes(join(dir, 'memory.memsw.limit_in_bytes'), memory, '-1'));
  const raised = (memory ?? Number.POSITIVE_INFINITY) > Number(readText(limit.file));
  return raised ? [...both, limit] : [limit, ...both];
}

function quotaSettings(dir: string, version: 1 | 2, { cpus }: Limits): Setting[] {
  const quota = cpus === undefined ? undefined : quotaOf(cpus);
  if (version === 2) return [exactly(join(dir, 'cpu.max'), `${quota ?? 'max'} ${CPU_PERIOD}`)];
  return [
    exactly(join(dir, 'cpu.cfs_period_us'), `${CPU_PERIOD}`),
    exactly(join(dir, 'cpu.cfs_quota_us'), `${quota ?? -1}`),
  ];
}

function shareSettings(dir: string, version: 1 | 2, { cpu_shares }: Limits): Setting[] {
  if (version === 1) return [exactly(join(dir, 'cpu.shares'), `${cpu_shares ?? 1024}`)];
  const weight = cpu_shares === undefined ? 100 : weightOfShares(cpu_shares);
  return [exactly(join(dir, 'cpu.weight'), `${weight}`)];
}

/** V1 does not take back an empty set, so no limit there is all that the parent has. */
function cpusetSettings(dir: string, version: 1 | 2, { cpuset }: Limits): Setting[] {
  const file = join(dir, 'cpuset.cpus');
  const all = version === 1 ? readText(join(dirname(dir), 'cpuset.cpus'))?.trim() : '';
  const value = cpuset ?? all ?? '';
  // An empty write(2) never reaches the kernel; a newline does.
  return [{ file, value: value || '\n', same: (seen) => sameCpus(value, seen) }];
}

function pidsSettings(dir: string, _version: 1 | 2, { pids }: Limits): Setting[] {
  return [exactly(join(dir, 'pids.max'), `${pids}`)];
}

/** The kernel writes none as a number beyond reach. */
function bytes(file: string, value: number | undefined, none: string): Setting {
  const same = (seen: string) =>
    value === undefined ? seen === none || Number(seen) >= 2 ** 62 : samePages(value, Number(seen));
  return { file, value: value === undefined ? none : `${value}`, same };
}

function exactly(file: string, value: string): Setting {
  return { file, value, same: (seen) => seen === value };
}

const whereKept = (setting: Setting) => (existsSync(setting.file) ? [setting] : []);
