import { readFileSync } from 'node:fs';

/** Text of a small file, as the kernel offers them; undefined when it is not there. */
export function readText(path: string): string | undefined {
  return ifThere(() => readFileSync(path, 'utf8'));
}

/** Not there is also what its process (ESRCH) or its cgroup (ENODEV) answers on its way out. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'ESRCH', 'ENODEV'];

/** Undefined when what is looked at is not there. */
export function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (ABSENT.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
