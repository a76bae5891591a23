import type { ContainerSpec } from '../../../model/specs.js';
import type { OciProcess } from './oci.js';

/** By name as in `ulimits:`, `nofile`; setrlimit(2). Infinity for no limit. */
export type HardLimits = Record<string, number>;

const DEFAULT: ContainerSpec['ulimits'] = {
  core: { soft: 0, hard: 0 },
  nofile: { soft: 1024, hard: 524_288 },
};

/** RLIM_INFINITY is beyond the numbers of JSON as JavaScript writes it; this is as good as none. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;

/**
 * Limits of each process. No hard limit is above our own, which cannot be raised without
 * CAP_SYS_RESOURCE: a smaller limit is better than no container. A negative number is "unlimited".
 */
export function rlimitsOf(wanted: ContainerSpec['ulimits'], ours: HardLimits) {
  return Object.entries({ ...DEFAULT, ...wanted })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, limit]): OciProcess['rlimits'][number] => {
      const hard = Math.min(amount(limit.hard), ours[name] ?? UNLIMITED);
      const soft = Math.min(amount(limit.soft), hard);
      return { type: `RLIMIT_${name.toUpperCase()}`, soft, hard };
    });
}

const amount = (value: number) => (value < 0 ? UNLIMITED : Math.min(value, UNLIMITED));
