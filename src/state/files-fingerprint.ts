import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { InstallPaths } from '../model/install-paths.js';
import type { TableFormat } from './table.js';

/** Milliseconds; there are file systems that count a ctime in twos of seconds. */
const YOUNG = 2_100;

/**
 * Stands for the tables as they are on disk, told without reading them: baleine replaces them, and
 * whatever else changes one gives it another ctime. Undefined while one is so young that the next
 * change might leave it the same.
 *
 * @param now milliseconds since 1970
 */
export function stampOf(
  { root }: InstallPaths,
  formats: readonly Pick<TableFormat, 'file'>[],
  now = Date.now(),
): string | undefined {
  const stamps: string[] = [];
  for (const { file } of formats) {
    const seen = statSync(join(root, file), { throwIfNoEntry: false });
    // one of the future is of before the clock was set back: the next change has another
    if (seen && Math.abs(now - seen.ctimeMs) < YOUNG) return undefined;
    stamps.push(seen ? `${seen.dev} ${seen.ino} ${seen.size} ${seen.ctimeMs}` : '');
  }
  return stamps.join(';');
}
