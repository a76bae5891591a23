import { join } from 'node:path';
import type { IoLimit } from '../../../model/config.js';
import { IO_RATES } from '../../../model/limits.js';
import { readText } from '../files/read.js';
import { controllerDir, type Hierarchies } from './hierarchies.js';

type Rate = (typeof IO_RATES)[number];

/** blkio-controller.rst in the kernel's cgroup-v1 documentation: one line per device, rate last. */
export const ioFile = (rate: Rate) => `blkio.throttle.${rate}_device`;

/** cgroup-v2.rst, io.max: `8:16 rbps=2097152 wiops=120`. */
export const V2_KEYS: Record<Rate, string> = {
  read_bps: 'rbps',
  write_bps: 'wbps',
  read_iops: 'riops',
  write_iops: 'wiops',
};

/** Limits by device number, without devices that have no limit. Undefined if no device has one. */
export function readIo(hierarchies: Hierarchies, cgroup: string): IoLimit[] | undefined {
  const at = controllerDir(hierarchies, 'blkio', cgroup);
  if (!at) return undefined;
  const rates = IO_RATES.flatMap((rate) => {
    const file = join(at.dir, at.version === 1 ? ioFile(rate) : 'io.max');
    const found = ratesIn(readText(file) ?? '', at.version === 1 ? undefined : V2_KEYS[rate]);
    return [...found].map(([device, value]) => ({ device, [rate]: value }));
  });
  const devices = [...new Set(rates.map(({ device }) => device))];
  const limits = devices.map((device) =>
    Object.assign({}, ...rates.filter((each) => each.device === device)),
  );
  return limits.length > 0 ? (limits as IoLimit[]) : undefined;
}

/** The rate of each limited device. @param key key of v2's `key=value`; absent for v1 */
export function ratesIn(text: string, key?: string): Map<string, number> {
  const found = text.split('\n').flatMap((line): [string, number][] => {
    const [device = '', ...words] = line.trim().split(/\s+/);
    const value = key ? words.find((word) => word.startsWith(`${key}=`))?.split('=')[1] : words[0];
    return value === undefined || value === 'max' || value === '0' ? [] : [[device, Number(value)]];
  });
  return new Map(found);
}
