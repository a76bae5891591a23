import type { Path } from '../../../config/document.js';
import type { ParseContext } from '../../../config/values.js';
import { defined, sizeOf } from '../../../config/values.js';
import type { IoLimit, Limits } from '../../../model/container-values.js';
import type { DeviceRule } from '../../../model/devices.js';
import { OWN_DISK } from '../../../model/limits.js';
import { plainKey } from './key.js';

type Size = string | number;

interface RawIo {
  device?: string;
  read_bps?: Size;
  write_bps?: Size;
  read_iops?: number;
  write_iops?: number;
}

interface Raw {
  memory?: Size;
  memory_reservation?: Size;
  memory_swap?: Size;
  memory_swappiness?: number;
  cpus?: number;
  cpu_shares?: number;
  cpuset?: Size;
  pids?: number;
  io?: RawIo[];
  devices?: { allow?: string; deny?: string }[];
  net_class?: number;
}

export const limits = plainKey({
  schema: { $ref: '#/definitions/limits' },
  read: (raw: Raw | undefined, path, reading) => limitsOf(raw ?? {}, path, reading),
  change: 'update',
  /** Each limit is a difference of its own. */
  members: true,
  release: true,
});

function limitsOf(raw: Raw, path: Path, reading: ParseContext): Limits {
  return defined({
    memory: sizeOf(raw.memory, [...path, 'memory'], reading),
    memory_reservation: sizeOf(raw.memory_reservation, [...path, 'memory_reservation'], reading),
    memory_swap:
      raw.memory_swap === -1
        ? raw.memory_swap
        : sizeOf(raw.memory_swap, [...path, 'memory_swap'], reading),
    memory_swappiness: raw.memory_swappiness,
    cpus: raw.cpus,
    cpu_shares: raw.cpu_shares,
    cpuset: raw.cpuset === undefined ? undefined : String(raw.cpuset),
    pids: raw.pids ?? 2048,
    io: raw.io?.map((each, i) => ioOf(each, [...path, 'io', i], reading)),
    devices: raw.devices?.map(ruleOf),
    net_class: raw.net_class,
  });
}

function ioOf(raw: RawIo, path: Path, reading: ParseContext): IoLimit {
  return defined({
    device: raw.device ?? OWN_DISK,
    read_bps: sizeOf(raw.read_bps, [...path, 'read_bps'], reading),
    write_bps: sizeOf(raw.write_bps, [...path, 'write_bps'], reading),
    read_iops: raw.read_iops,
    write_iops: raw.write_iops,
  });
}

function ruleOf({ allow, deny }: { allow?: string; deny?: string }): DeviceRule {
  return allow === undefined ? { deny: inOrder(deny ?? '') } : { allow: inOrder(allow) };
}

/** The access letters once each, as the kernel has them. */
function inOrder(rule: string): string {
  const [type, numbers, access = ''] = rule.split(' ');
  return [type, numbers, [...'rwm'].filter((each) => access.includes(each)).join('')].join(' ');
}
