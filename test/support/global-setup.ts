import { execFileSync } from 'node:child_process';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupRoots, folders } from './leaks.js';

/** Builds dist once, and keeps the cgroup parent that concurrent tests share. */
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
 * baleine removes the common parent when it is empty, while in another test, with another root,
 * a runtime is about to make a folder in it: so the parent stays until the last test has ended.
 */
const KEEP = `tests-${process.pid}`;
