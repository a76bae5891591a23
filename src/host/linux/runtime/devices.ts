import { statSync } from 'node:fs';
import type { Limits } from '../../../model/config.js';
import { readRule } from '../../../model/devices.js';
import { ifThere, readText } from '../read.js';
import type { OciDevice } from './oci.js';

/**
 * Device nodes for what `limits.devices` allows by number, named, owned and with the permissions as
 * on the host: a container cannot make them itself. None for what the host does not have.
 */
export function deviceNodes(rules: Limits['devices'] = []): OciDevice[] {
  const nodes = rules.map(readRule).flatMap(({ allow, device }) => {
    const { type, major, minor } = device;
    if (!allow || major === undefined || minor === undefined) return [];
    const path = pathOf(type, major, minor);
    const found = path === undefined ? undefined : ifThere(() => statSync(path));
    if (path === undefined || !found) return [];
    const { mode, uid, gid } = found;
    return [{ path, type, major, minor, fileMode: mode & 0o777, uid, gid }];
  });
  return nodes.filter(({ path }, index) => nodes.findIndex((each) => each.path === path) === index);
}

/** sysfs names the node of each device, `fuse` or `bus/usb/001/001`, relative to /dev. */
function pathOf(type: 'b' | 'c', major: number, minor: number): string | undefined {
  const folder = type === 'b' ? 'block' : 'char';
  const text = readText(`/sys/dev/${folder}/${major}:${minor}/uevent`) ?? '';
  const name = /^DEVNAME=(.+)$/m.exec(text)?.[1];
  return name && `/dev/${name}`;
}
