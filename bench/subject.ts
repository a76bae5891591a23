import { rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { cgroupRoots, folders } from '../test/support/leaks.js';

/** One program that runs containers, put to the same work as the others. */
export interface Subject {
  name: string;
  /** Once; not measured. */
  start(): Promise<void> | void;
  /** The image, before each `up`; not measured. */
  prepare(): void;
  /** Each returns the milliseconds it took. */
  up(): number;
  /** Nothing to do; undefined where the program has no such notion. */
  again(): number | undefined;
  /** Ends one container's process, then has the program bring it back; only that is measured. */
  heal(): number | undefined;
  down(): number;
  /** How many containers run. */
  running(): number;
  /** Ends what `start` started. */
  end(): Promise<void> | void;
}

/** What each container does in each program: wait, and end at once when killed. */
export const COMMAND = ['busybox', 'sleep', '86400'];

export const names = (containers: number) =>
  Array.from({ length: containers }, (_, index) => `c${index + 1}`);

/** Where the others put their cgroups: under baleine's own name, so that no foreign one is touched. */
export const CGROUP_PARENT = '/baleine/bench';

/** They leave it behind; ours above it goes when nobody else is in it. */
export function removeCgroupParent(): void {
  for (const root of cgroupRoots()) {
    for (const path of folders(`${root}${CGROUP_PARENT}`).reverse()) rmdirSync(path);
    const parent = dirname(`${root}${CGROUP_PARENT}`);
    if (folders(parent).length === 1) rmdirSync(parent);
  }
}
