import { existsSync } from 'node:fs';
import { readMounts } from '../disks/mount-table.js';

/** Where ip-netns(8) keeps names: a file with the namespace mounted on it. */
export const netnsFile = (name: string) => `/run/netns/${name}`;

export interface Netns {
  mounted(name: string): boolean;
  /** The file is there with nothing on it: a crash between the two. */
  broken(name: string): boolean;
}

export function readNetns(): Netns {
  const mounted = new Set(readMounts().map(({ path }) => path));
  return {
    mounted: (name) => mounted.has(netnsFile(name)),
    broken: (name) => !mounted.has(netnsFile(name)) && existsSync(netnsFile(name)),
  };
}
