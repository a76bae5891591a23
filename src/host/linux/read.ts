import { readFileSync } from 'node:fs';

/** One object for all calls: Node makes one of a bare `'utf8'` in each. */
const TEXT = { encoding: 'utf8', flag: 'r' } as const;

/** Text of a small file, as the kernel offers them; undefined when it is not there. */
export function readText(path: string): string | undefined {
  return ifThere(() => readFileSync(path, TEXT));
}

/** Not there is also what a process (ESRCH; EINVAL for its mounts) or a cgroup (ENODEV) on its way out answers. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'ESRCH', 'EINVAL', 'ENODEV'];

/** Undefined when what is looked at is not there. */
export function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (ABSENT.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
