import { byName } from './address.js';
import type { IoLimit, Limits } from './config.js';
import { deviceListChanges } from './devices.js';
import { equal } from './json.js';

/** Microseconds over which the quota of `cpus` is counted; the kernel's default. */
export const CPU_PERIOD = 100_000;

/** Whether a limit as the kernel tells it is the one that was asked for. */
export function sameLimit<Name extends keyof Limits>(
  name: Name,
  wanted: Limits[Name],
  seen: Limits[Name],
): boolean {
  if (wanted === undefined || seen === undefined) return wanted === seen;
  return SAME[name](wanted as never, seen as never);
}

const SAME: {
  [Name in keyof Required<Limits>]: (
    a: Required<Limits>[Name],
    b: Required<Limits>[Name],
  ) => boolean;
} = {
  memory: samePages,
  cpus: (wanted, seen) => quotaOf(wanted) === quotaOf(seen),
  cpu_shares: (wanted, seen) => wanted === seen || weightOfShares(wanted) === weightOfShares(seen),
  cpuset: sameCpus,
  pids: (wanted, seen) => wanted === seen,
  io: (wanted, seen) => equal(byDevice(wanted), byDevice(seen)),
  devices: (wanted, seen) => {
    const lines = seen.flatMap((rule) => ('allow' in rule ? [rule.allow] : []));
    const { allow, deny } = deviceListChanges(wanted, lines);
    return allow.length + deny.length === 0;
  },
  net_class: (wanted, seen) => wanted === seen,
};

/** What a container's own disk is called in `limits.io`: its loop device is another at each mount. */
export const OWN_DISK = 'disk';

export const IO_RATES = ['read_bps', 'write_bps', 'read_iops', 'write_iops'] as const;

const byDevice = (limits: IoLimit[]) => [...limits].sort((a, b) => byName(a.device, b.device));

/** The kernel keeps whole pages, of 64 KiB at most. */
export function samePages(wanted: number, seen: number): boolean {
  return seen <= wanted && wanted - seen < 65536;
}

/** CPU time in microseconds for each period. */
export function quotaOf(cpus: number): number {
  return Math.round(cpus * CPU_PERIOD);
}

export function sameCpus(wanted: string, seen: string): boolean {
  return cpusOf(wanted).join() === cpusOf(seen).join();
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
 * Cgroup v2 has a weight (1–10000, default 100) where v1 has shares (2–262144, default 1024). The
 * OCI runtimes map the ranges onto each other in a line, and so do we. A weight stands for about
 * 26 shares: compare shares as weights on such a host.
 *
 * Source: crun(1), "CPU controller"; opencontainers/cgroups ConvertCPUSharesToCgroupV2Value.
 */
export function weightOfShares(shares: number): number {
  return 1 + Math.floor(((shares - 2) * 9999) / 262142);
}

/** The least shares that make this weight. */
export function sharesOfWeight(weight: number): number {
  return 2 + Math.ceil(((weight - 1) * 262142) / 9999);
}
