import { existsSync } from 'node:fs';
import { readMounts } from '../disks/mount-table.js';

/** Where ip-netns(8) keeps names: a file on which the namespace is mounted. */
export const netnsFile = (name: string) => `/run/netns/${name}`;

export interface Netns {
  mounted(name: string): boolean;
  /** The file exists, but nothing is mounted on it: a crash happened between the two steps. */
  broken(name: string): boolean;
}

export function readNetns(): Netns {
  const mounted = new Set(readMounts().map(({ path }) => path));
  return {
    mounted: (name) => mounted.has(netnsFile(name)),
    broken: (name) => !mounted.has(netnsFile(name)) && existsSync(netnsFile(name)),
  };
}
