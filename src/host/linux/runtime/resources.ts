import { statSync } from 'node:fs';
import type { IoLimit, Limits } from '../../../model/config.js';
import type { DeviceSpec } from '../../../model/device-nodes.js';
import {
  type Device,
  type DeviceRule,
  parseRule,
  withDefaultRules,
} from '../../../model/devices.js';
import { UserError } from '../../../model/errors.js';
import { CPU_PERIOD, IO_RATES, quotaOf } from '../../../model/limits.js';
import type { OciDevice, OciResources, OciThrottle } from '../../../model/oci.js';
import { ifThere, readText } from '../files/read.js';

const THROTTLES: Record<(typeof IO_RATES)[number], OciThrottle> = {
  read_bps: 'throttleReadBpsDevice',
  write_bps: 'throttleWriteBpsDevice',
  read_iops: 'throttleReadIOPSDevice',
  write_iops: 'throttleWriteIOPSDevice',
};

/**
 * @param swapLimit whether the kernel can limit swap at all
 * @param number returns the device number (`7:0`) of a device in `limits.io`
 */
export function resourcesOf(
  limits: Limits,
  swapLimit: boolean,
  number: (device: string) => string,
): OciResources {
  const { io, net_class } = limits;
  const ofMemory = memoryOf(limits, swapLimit);
  const cpu = cpuOf(limits);
  return {
    devices: deviceRules(limits.devices),
    pids: { limit: limits.pids },
    ...(Object.keys(ofMemory).length > 0 && { memory: ofMemory }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(io && { blockIO: blockIoOf(io, number) }),
    ...(net_class !== undefined && { network: { classID: net_class } }),
  };
}

/** Without swappiness, which runtimes refuse on cgroup v2: see start.ts. */
function memoryOf(
  { memory, memory_reservation, memory_swap = memory }: Limits,
  swapLimit: boolean,
): NonNullable<OciResources['memory']> {
  return {
    ...(memory !== undefined && { limit: memory }),
    ...(memory_reservation !== undefined && { reservation: memory_reservation }),
    ...(swapLimit && memory_swap !== undefined && { swap: memory_swap }),
  };
}

function cpuOf({ cpus, cpu_shares, cpuset }: Limits): NonNullable<OciResources['cpu']> {
  return {
    ...(cpus !== undefined && { quota: quotaOf(cpus), period: CPU_PERIOD }),
    ...(cpu_shares !== undefined && { shares: cpu_shares }),
    ...(cpuset !== undefined && { cpus: cpuset }),
  };
}

function deviceRules(own?: DeviceRule[]): OciResources['devices'] {
  const rules = withDefaultRules(own).map((rule) => {
    const { allow, device } = parseRule(rule);
    return { allow, ...device };
  });
  return [{ allow: false, access: 'rwm' }, ...rules];
}

function blockIoOf(
  io: IoLimit[],
  number: (device: string) => string,
): NonNullable<OciResources['blockIO']> {
  const numbered = io.map((limit) => {
    const [major = 0, minor = 0] = number(limit.device).split(':').map(Number);
    return { limit, major, minor };
  });
  const throttles = IO_RATES.map((name) => {
    const set = numbered.flatMap(({ limit: { [name]: rate }, major, minor }) =>
      rate === undefined ? [] : [{ major, minor, rate }],
    );
    return [THROTTLES[name], set] as const;
  });
  return Object.fromEntries(throttles.filter(([, set]) => set.length > 0));
}

/**
 * Device nodes for the devices that `limits.devices` allows by number, with names, owners and
 * permissions as on the host: a container cannot create them itself. Devices that the host does not
 * have are skipped.
 */
export function deviceNodes(
  rules: Limits['devices'] = [],
  own: readonly DeviceSpec[] = [],
): OciDevice[] {
  const nodes = rules.map(parseRule).flatMap(({ allow, device }) => {
    const { type, major, minor } = device;
    if (!allow || major === undefined || minor === undefined) return [];
    // the key `devices` says where its node is
    if (own.some((each) => isSame(each, device))) return [];
    const path = pathOf(type, major, minor);
    const found = path === undefined ? undefined : ifThere(() => statSync(path));
    if (path === undefined || !found) return [];
    const { mode, uid, gid } = found;
    return [{ path, type, major, minor, fileMode: mode & 0o777, uid, gid }];
  });
  return nodes.filter(({ path }, index) => nodes.findIndex((each) => each.path === path) === index);
}

const isSame = (a: DeviceSpec, b: Device) =>
  a.type === b.type && a.major === b.major && a.minor === b.minor;

/** Nodes of the key `devices`, with the owner and the permissions of those on the host. */
export function ownNodes(own: readonly DeviceSpec[] = []): OciDevice[] {
  return own.map(({ source, target, type, major, minor }) => {
    const found = ifThere(() => statSync(source));
    if (!found) throw new UserError(`cannot give ${source} to a container: it is gone`);
    const { mode, uid, gid } = found;
    return { path: target, type, major, minor, fileMode: mode & 0o777, uid, gid };
  });
}

/** sysfs has the name of each device's node relative to /dev: `fuse` or `bus/usb/001/001`. */
function pathOf(type: 'b' | 'c', major: number, minor: number): string | undefined {
  const folder = type === 'b' ? 'block' : 'char';
  const text = readText(`/sys/dev/${folder}/${major}:${minor}/uevent`) ?? '';
  const name = /^DEVNAME=(.+)$/m.exec(text)?.[1];
  return name && `/dev/${name}`;
}
