import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { sharesOfWeight } from '../../../model/limits.js';
import type { ObservedLimits } from '../../ports.js';
import { ifThere, readText } from '../files/read.js';
import { type Controller, controllerDir, type Hierarchies } from './hierarchies.js';
import { readIo } from './io.js';

/** v1 writes "no limit" as the largest whole number of pages, which a double rounds up to 2^63. */
const NO_LIMIT = 2 ** 62;

/**
 * The kernel's values of these limits; undefined means no limit. Returns undefined if the cgroup
 * does not exist.
 */
export function readLimits(
  hierarchies: Hierarchies,
  cgroup: string,
  names: readonly (keyof ObservedLimits)[],
): ObservedLimits | undefined {
  const all = new LimitsOf(hierarchies, cgroup);
  const seen = Object.fromEntries(names.map((name) => [name, all[name]]));
  const isKnown = names.some((name) => seen[name] !== undefined);
  return isKnown || cgroupExists(hierarchies, cgroup) ? seen : undefined;
}

/** Each value is read on demand: most containers set only two limits. */
class LimitsOf implements ObservedLimits {
  readonly #hierarchies: Hierarchies;
  readonly #cgroup: string;

  constructor(hierarchies: Hierarchies, cgroup: string) {
    this.#hierarchies = hierarchies;
    this.#cgroup = cgroup;
  }

  get memory() {
    return limitIn(this.#read('memory', 'memory.limit_in_bytes', 'memory.max'));
  }

  get memory_reservation() {
    // 0 protects nothing
    return limitIn(this.#read('memory', 'memory.soft_limit_in_bytes', 'memory.low')) || undefined;
  }

  /** Memory and swap together, -1 for no limit; undefined if the kernel does not account swap. */
  get memory_swap() {
    const text = this.#read('memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max');
    if (text === undefined) return undefined;
    const limit = limitIn(text);
    if (limit === undefined) return -1;
    return this.#hierarchies.v1.has('memory') ? limit : limit + (this.memory ?? 0);
  }

  get memory_swappiness() {
    const text = this.#onV1('memory', 'memory.swappiness');
    return text === undefined ? undefined : Number(text);
  }

  get cpus() {
    return readCpus(this.#hierarchies, this.#cgroup);
  }

  get cpu_shares() {
    const text = this.#read('cpu', 'cpu.shares', 'cpu.weight');
    return this.#hierarchies.v1.has('cpu') ? limitIn(text) : weightIn(text);
  }

  get cpuset() {
    return this.#read('cpuset', 'cpuset.cpus', 'cpuset.cpus') || undefined;
  }

  get pids() {
    return limitIn(this.#read('pids', 'pids.max', 'pids.max'));
  }

  get io() {
    return readIo(this.#hierarchies, this.#cgroup);
  }

  get devices() {
    const list = this.#onV1('devices', 'devices.list');
    return list ? list.split('\n').map((allow) => ({ allow })) : undefined;
  }

  get net_class() {
    return Number(this.#onV1('net_cls', 'net_cls.classid') || 0) || undefined;
  }

  #read(controller: Controller, v1: string, v2: string): string | undefined {
    const at = controllerDir(this.#hierarchies, controller, this.#cgroup);
    return at && readText(`${at.dir}/${at.version === 1 ? v1 : v2}`)?.trim();
  }

  #onV1(controller: Controller, file: string): string | undefined {
    return this.#hierarchies.v1.has(controller) ? this.#read(controller, file, '') : undefined;
  }
}

/** Number of OOM kills in this cgroup; 0 if it does not exist. */
export function readOomKills(hierarchies: Hierarchies, cgroup: string): number {
  const at = controllerDir(hierarchies, 'memory', cgroup);
  const file = at && join(at.dir, at.version === 1 ? 'memory.oom_control' : 'memory.events');
  const count = /^oom_kill (\d+)$/m.exec((file && readText(file)) ?? '')?.[1];
  return Number(count ?? 0);
}

/** v1 has quota and period in two files (-1: no limit), v2 has both in one (`max`: no limit). */
function readCpus(hierarchies: Hierarchies, cgroup: string): number | undefined {
  const at = controllerDir(hierarchies, 'cpu', cgroup);
  if (!at) return undefined;
  const [quota, period] =
    at.version === 2
      ? (readText(join(at.dir, 'cpu.max')) ?? 'max').trim().split(' ')
      : [readText(join(at.dir, 'cpu.cfs_quota_us')) ?? '-1'];
  if (!quota || quota === 'max' || Number(quota) <= 0) return undefined;
  return Number(quota) / Number(period ?? readText(join(at.dir, 'cpu.cfs_period_us')));
}

function limitIn(text: string | undefined): number | undefined {
  if (text === undefined || text === '' || text === 'max') return undefined;
  const value = Number(text);
  return value >= NO_LIMIT ? undefined : value;
}

function weightIn(text: string | undefined): number | undefined {
  return text ? sharesOfWeight(Number(text)) : undefined;
}

function cgroupExists(hierarchies: Hierarchies, cgroup: string): boolean {
  const root = anyRoot(hierarchies);
  return root !== undefined && existsSync(join(root, cgroup));
}

/** Names of a group's child groups. */
export function groupsIn(hierarchies: Hierarchies, cgroup: string): string[] {
  const root = anyRoot(hierarchies);
  const look = () => readdirSync(join(root ?? '', cgroup), { withFileTypes: true });
  const found = root === undefined ? undefined : ifThere(look);
  return (found ?? []).filter((each) => each.isDirectory()).map(({ name }) => name);
}

/** The runtimes create the group in every hierarchy, so checking any one is enough. */
function anyRoot({ v1, unified, named }: Hierarchies): string | undefined {
  return v1.get('memory') ?? unified ?? named[0];
}
