import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type InstallPaths, volumeFile } from '../../../model/install-paths.js';
import type { MountSpec } from '../../../model/specs.js';
import { readMounts } from '../disks/mount-table.js';

/** The folders of the volumes with a size that these mounts are of, or of a folder in. */
export function existingVolumes(
  { root }: InstallPaths,
  mounts: readonly Pick<MountSpec, 'source'>[],
): string[] {
  const base = join(root, 'volumes/');
  const found = mounts.flatMap(({ source }) => {
    if (!source.startsWith(base)) return [];
    const [stack = '', name = ''] = source.slice(base.length).split('/');
    const path = join(base, stack, name);
    return existsSync(volumeFile(path)) ? [path] : [];
  });
  return [...new Set(found)];
}

/** The file of a volume with a size that is not mounted; undefined for all others. */
export function unmountedFile(path: string): string | undefined {
  const file = volumeFile(path);
  if (!existsSync(file)) return undefined;
  return readMounts().some((each) => each.path === path) ? undefined : file;
}
