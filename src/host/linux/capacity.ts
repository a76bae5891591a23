import { existsSync, statSync } from 'node:fs';
import { release } from 'node:os';
import type { Capacity } from '../ports.js';
import { readHierarchies, versionOf } from './cgroups/hierarchies.js';
import { ifThere, readText } from './files/read.js';
import { ARCHITECTURE, rankOf } from './images/platform.js';
import { listenerLookup, ownAddresses } from './network/listeners.js';

export function linuxCapacity(): Capacity {
  return {
    cpus: () => readText('/sys/devices/system/cpu/online')?.trim() ?? '0',
    controller: (name) => versionOf(readHierarchies(), name),
    labelProblem: labelProblem,
    platformProblem: platformProblem,
    usernsProblem: usernsProblem,
    isBlockDevice: (path) => ifThere(() => statSync(path))?.isBlockDevice() ?? false,
    addresses: ownAddresses,
    listener: listenerLookup(),
  };
}

/** An architecture alone is accepted as well, as in Docker. */
function platformProblem(platform: string): string | undefined {
  const [first, ...rest] = platform.split('/');
  const [os, architecture, variant] = rest.length === 0 ? ['linux', first] : [first, ...rest];
  if (os === 'wasi') return `${platform} is the platform of images: \`wasm: true\` runs a module`;
  if (rankOf({ os, architecture, variant }) !== undefined) return undefined;
  return `${platform} does not run on this host, which is linux/${ARCHITECTURE}`;
}

/** mount_setattr(2): idmapped mounts came with Linux 5.12. */
function usernsProblem(): string | undefined {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  if (major < 5 || (major === 5 && minor < 12)) return `Linux ${release()} has no idmapped mounts`;
  const most = readText('/proc/sys/user/max_user_namespaces');
  if (most === undefined) return 'the kernel is built without them';
  return Number(most) > 0 ? undefined : 'sysctl user.max_user_namespaces is 0';
}

/** See apparmor(7) and selinux(8). The list of profiles is missing if securityfs is not mounted. */
function labelProblem(kind: 'apparmor' | 'selinux', label: string): string | undefined {
  if (kind === 'selinux') {
    return existsSync('/sys/fs/selinux/enforce') ? undefined : 'this host has no SELinux';
  }
  if (readText('/sys/module/apparmor/parameters/enabled')?.trim() !== 'Y') {
    return 'this host has no AppArmor';
  }
  const profiles = readText('/sys/kernel/security/apparmor/profiles');
  const loaded = profiles?.split('\n').some((line) => line.replace(/ \(\w+\)$/, '') === label);
  return label === 'unconfined' || loaded !== false
    ? undefined
    : `AppArmor has no profile ${label} loaded`;
}
