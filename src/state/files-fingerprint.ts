import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { InstallPaths } from '../model/install-paths.js';
import type { TableFormat } from './table.js';

/** Milliseconds; some file systems store ctime with a resolution of two seconds. */
const MIN_AGE = 2_100;

/**
 * Identifies the tables' content on disk without reading them: baleine replaces tables, and any
 * other modification changes their ctime. Undefined while a table is so new that another change
 * might get the same ctime.
 *
 * @param now milliseconds since 1970
 */
export function tablesFingerprint(
  { root }: InstallPaths,
  formats: readonly Pick<TableFormat, 'file'>[],
  now = Date.now(),
): string | undefined {
  const stamps: string[] = [];
  for (const { file } of formats) {
    const seen = statSync(join(root, file), { throwIfNoEntry: false });
    // a ctime in the future is from before the clock was set back: the next change gets another one
    if (seen && Math.abs(now - seen.ctimeMs) < MIN_AGE) return undefined;
    stamps.push(seen ? `${seen.dev} ${seen.ino} ${seen.size} ${seen.ctimeMs}` : '');
  }
  return stamps.join(';');
}
