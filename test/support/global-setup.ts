import { execFileSync } from 'node:child_process';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupRoots, folders } from './leaks.js';

/** Builds dist once, and guards the cgroup parent that the tests running side by side share. */
export default function setup(): () => void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: ['ignore', 'inherit', 'inherit'] });
  const parents = cgroupRoots().map((root) => join(root, 'baleine'));
  for (const parent of parents) mkdirSync(join(parent, KEEP), { recursive: true });
  return () => {
    for (const parent of parents) rmdirSync(join(parent, KEEP));
    for (const parent of parents) if (folders(parent).length === 1) rmdirSync(parent);
    const left = parents.flatMap(folders);
    if (left.length > 0) throw new Error(`cgroups left by the tests:\n  ${left.join('\n  ')}`);
  };
}

/** One removes the parent when it is empty while another makes its own folder in it: held open. */
const KEEP = `tests-${process.pid}`;
