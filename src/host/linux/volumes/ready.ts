import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type InstallPaths, volumeFile } from '../../../model/install-paths.js';
import type { MountSpec } from '../../../model/specs.js';
import { finishRestore } from './restore.js';
import { mountVolume } from './sized.js';

/**
 * Makes the volumes among these mounts what a container expects: after a reboot it must not find the
 * bare folder of one with a size.
 */
export async function readyVolumes(
  paths: InstallPaths,
  mounts: readonly Pick<MountSpec, 'source'>[],
): Promise<void> {
  for (const path of volumesOf(paths, mounts)) await readyVolume(path);
}

export async function readyVolume(path: string): Promise<void> {
  await finishRestore(path);
  if (existsSync(volumeFile(path))) await mountVolume(path);
}

/** The folders of the volumes that these mounts are of, or of a folder in. */
function volumesOf(
  { root }: InstallPaths,
  mounts: readonly Pick<MountSpec, 'source'>[],
): Set<string> {
  const base = join(root, 'volumes/');
  const own = mounts.filter(({ source }) => source.startsWith(base));
  return new Set(
    own.map(({ source }) => {
      const [stack = '', name = ''] = source.slice(base.length).split('/');
      return join(base, stack, name);
    }),
  );
}
