import { readFileSync } from 'node:fs';

/** Text of a small file, as the kernel offers them; undefined when it is not there. */
export function readText(path: string): string | undefined {
  return ifThere(() => readFileSync(path, 'utf8'));
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
