import { execFileSync } from 'node:child_process';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupRoots, folders } from './leaks.js';

/** Builds dist once, and keeps the cgroup parent that concurrent tests share until the end. */
export default function setup(): () => void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: ['ignore', 'inherit', 'inherit'] });
  const parents = cgroupRoots().map((root) => join(root, 'baleine'));
  for (const parent of parents) mkdirSync(join(parent, KEEP), { recursive: true });
  return () => {
    for (const parent of parents) {
      rmdirSync(join(parent, KEEP));
      if (folders(parent).length === 1) rmdirSync(parent);
    }
  };
}

/**
 * A group that keeps the common parent: baleine would remove an empty parent while the runtime of another
 * test, with another root, is about to create a group in it.
 */
const KEEP = `tests-${process.pid}`;
