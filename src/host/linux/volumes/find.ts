import { existsSync } from 'node:fs';
import { volumeFile } from '../../../model/install-paths.js';
import { readMounts } from '../disks/mount-table.js';

/** The file of a volume with a size that is not mounted; undefined for all others. */
export function unmountedFile(path: string): string | undefined {
  const file = volumeFile(path);
  if (!existsSync(file)) return undefined;
  return readMounts().some((each) => each.path === path) ? undefined : file;
}
