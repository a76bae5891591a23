import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { readHierarchies, unifiedControllers } from '../../src/host/linux/cgroups-hierarchies.js';
import { findProgram } from '../../src/host/linux/runtime/programs.js';

const HUGETLB = '/sys/fs/cgroup/hugetlb';

/**
 * crun refuses a version 2 hierarchy that has controllers while others are on version 1. Moving
 * the last one away lets it work, but for the whole machine: only when asked, for a run on its own.
 */
const MOVE = process.env.BALEINE_TEST_CRUN === '1';

export function isMixed(): boolean {
  const hierarchies = readHierarchies();
  return hierarchies.mode === 'hybrid' && unifiedControllers(hierarchies).length > 0;
}

const mixed = isMixed();

/** The OCI runtimes that can be tried on this machine. */
export function usableRuntimes(): string[] {
  return ['runc', 'crun'].filter(
    (name) => findProgram(name) && (name !== 'crun' || !mixed || MOVE),
  );
}

/** Has the machine as the runtime needs it; undo with what this returns. */
export function makeUsable(name: string): () => void {
  if (name !== 'crun' || !mixed) return () => undefined;
  mkdirSync(HUGETLB);
  execFileSync('mount', ['-t', 'cgroup', '-o', 'hugetlb', 'hugetlb', HUGETLB]);
  return () => {
    execFileSync('umount', [HUGETLB]);
    // Runtimes of other tests make folders in it, though nothing is mounted there for them.
    rmSync(HUGETLB, { recursive: true, force: true });
  };
}
