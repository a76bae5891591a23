import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { programPath } from './environment.js';

/**
 * The absolute path of a program; undefined if it is not installed. A path is returned as it is.
 */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) return isExecutable(name) ? name : undefined;
  return programPath()
    .split(delimiter)
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The Debian 12 package of a program that we run, if its name differs from the program's. */
const PACKAGES: Record<string, string> = {
  blkid: 'util-linux',
  bridge: 'iproute2',
  cp: 'coreutils',
  dnsmasq: 'dnsmasq-base',
  dumpe2fs: 'e2fsprogs',
  e2fsck: 'e2fsprogs',
  fallocate: 'util-linux',
  ip: 'iproute2',
  'iptables-restore': 'iptables',
  ldconfig: 'libc-bin',
  ldd: 'libc-bin',
  losetup: 'mount',
  'mkfs.ext4': 'e2fsprogs',
  'mkfs.xfs': 'xfsprogs',
  nsenter: 'util-linux',
  resize2fs: 'e2fsprogs',
  setpriv: 'util-linux',
  'tini-static': 'tini',
  tune2fs: 'e2fsprogs',
  umount: 'mount',
  unshare: 'util-linux',
  xfs_growfs: 'xfsprogs',
  xz: 'xz-utils',
};

export function packageOf(program: string): string {
  return PACKAGES[program] ?? program;
}
