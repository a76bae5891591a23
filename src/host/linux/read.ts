import { readFileSync } from 'node:fs';

/**
 * Text of a small file, as the kernel offers them; undefined when it is not there, also because
 * its process (ESRCH) or its cgroup (ENODEV) went while we read.
 */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code && ['ENOENT', 'ENOTDIR', 'ESRCH', 'ENODEV'].includes(code)) return undefined;
    throw error;
  }
}
