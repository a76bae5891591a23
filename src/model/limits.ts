import { byName } from './address.js';
import type { IoLimit, Limits } from './container-values.js';
import { deviceListChanges } from './devices.js';
import { equal } from './json.js';

/** Microseconds over which the quota of `cpus` is counted; the kernel's default. */
export const CPU_PERIOD = 100_000;

/** Whether the limit reported by the kernel equals the desired one. */
export function sameLimit<Name extends keyof Limits>(
  name: Name,
  desired: Limits[Name],
  observed: Limits[Name],
): boolean {
  if (desired === undefined || observed === undefined) return desired === observed;
  return SAME[name](desired as never, observed as never);
}

const SAME: {
  [Name in keyof Required<Limits>]: (
    a: Required<Limits>[Name],
    b: Required<Limits>[Name],
  ) => boolean;
} = {
  memory: samePages,
  memory_reservation: samePages,
  memory_swap: (desired, observed) => desired === observed || samePages(desired, observed),
  memory_swappiness: (desired, observed) => desired === observed,
  cpus: (desired, observed) => quotaOf(desired) === quotaOf(observed),
  cpu_shares: (desired, observed) =>
    desired === observed || weightOfShares(desired) === weightOfShares(observed),
  cpuset: sameCpus,
  pids: (desired, observed) => desired === observed,
  io: (desired, observed) => equal(byDevice(desired), byDevice(observed)),
  devices: (desired, observed) => {
    const lines = observed.flatMap((rule) => ('allow' in rule ? [rule.allow] : []));
    const { allow, deny } = deviceListChanges(desired, lines);
    return allow.length + deny.length === 0;
  },
  net_class: (desired, observed) => desired === observed,
};

/** The name of a container's own disk in `limits.io`. Its loop device changes with each mount. */
export const OWN_DISK = 'disk';

/** The volume in `limits.io` that has a device of its own, `volume:data`; undefined for any other. */
export const volumeOf = (device: string): string | undefined => /^volume:(.+)$/.exec(device)?.[1];

export const IO_RATES = ['read_bps', 'write_bps', 'read_iops', 'write_iops'] as const;

const byDevice = (limits: IoLimit[]) => [...limits].sort((a, b) => byName(a.device, b.device));

/** The kernel rounds down to whole pages, of at most 64 KiB. */
export function samePages(desired: number, observed: number): boolean {
  return observed <= desired && desired - observed < 65536;
}

/** CPU time per period, in microseconds. */
export function quotaOf(cpus: number): number {
  return Math.round(cpus * CPU_PERIOD);
}

export function sameCpus(desired: string, observed: string): boolean {
  return cpusOf(desired).join() === cpusOf(observed).join();
}

/** `0-2,5` as 0, 1, 2, 5 (cpuset(7), list format). */
export function cpusOf(list: string): number[] {
  const cpus = list
    .split(',')
    .filter(Boolean)
    .flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
  return [...new Set(cpus)].sort((a, b) => a - b);
}

/**
 * Cgroup v2 has a weight (1–10000, default 100) where v1 has shares (2–262144, default 1024). Like
 * the OCI runtimes, we map one range linearly onto the other. One weight covers about 26 shares, so
 * compare shares as weights on such a host.
 *
 * Source: crun(1), "CPU controller"; opencontainers/cgroups ConvertCPUSharesToCgroupV2Value.
 */
export function weightOfShares(shares: number): number {
  return 1 + Math.floor(((shares - 2) * 9999) / 262142);
}

/** The smallest number of shares that maps to this weight. */
export function sharesOfWeight(weight: number): number {
  return 2 + Math.ceil(((weight - 1) * 262142) / 9999);
}
