import { rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { cgroupRoots, folders } from '../test/support/leaks.js';

/** A program that runs containers; each does the same work. */
export interface Subject {
  name: string;
  /** Once; not measured. */
  start(): Promise<void> | void;
  /** Creates the image, before each `up`; not measured. */
  prepare(): void;
  /** Each returns its duration in milliseconds. */
  up(): number;
  /** A run without changes; undefined if the program has none. */
  again(): number | undefined;
  /** Kills one container's process and lets the program restart it; only the restart is measured. */
  heal(): number | undefined;
  down(): number;
  /** Number of running containers. */
  running(): number;
  /** Stops what `start` has started. */
  end(): Promise<void> | void;
}

/** The command of each container: waits, and ends at once when killed. */
export const COMMAND = ['busybox', 'sleep', '86400'];

export const names = (containers: number) =>
  Array.from({ length: containers }, (_, index) => `c${index + 1}`);

/** The parent cgroup of the other programs, below baleine's, so that no foreign one is changed; one for each bench that runs. */
export const CGROUP_PARENT = `/baleine/bench-${process.pid}`;

/** The programs leave it behind; baleine's parent group is removed if it is empty. */
export function removeCgroupParent(): void {
  for (const root of cgroupRoots()) {
    for (const path of folders(`${root}${CGROUP_PARENT}`).reverse()) rmdirSync(path);
    const parent = dirname(`${root}${CGROUP_PARENT}`);
    if (folders(parent).length === 1) rmdirSync(parent);
  }
}
