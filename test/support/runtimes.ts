import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { readHierarchies, unifiedControllers } from '../../src/host/linux/cgroups-hierarchies.js';
import { findProgram } from '../../src/host/linux/runtime/programs.js';

/** Whether crun would refuse this machine: version 2 has controllers while others are on version 1. */
export function isMixed(): boolean {
  const hierarchies = readHierarchies();
  return hierarchies.mode === 'hybrid' && unifiedControllers(hierarchies).length > 0;
}

/** The OCI runtimes that can be tried on this machine, with `makeUsable`. */
export function usableRuntimes(): string[] {
  return ['runc', 'crun'].filter((name) => findProgram(name));
}

/**
 * Has this private host as the runtime needs it; undo with what this returns. crun goes by the list
 * of version 2's controllers: it is told here that there are none, and nobody else is.
 */
export function makeUsable(name: string): () => void {
  const { unified } = readHierarchies();
  if (name !== 'crun' || !isMixed() || unified === undefined) return () => undefined;
  const list = join(unified, 'cgroup.controllers');
  execFileSync('mount', ['--bind', '/dev/null', list]);
  return () => {
    execFileSync('umount', [list]);
  };
}
