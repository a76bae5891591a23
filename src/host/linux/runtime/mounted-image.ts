import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstallPaths } from '../../../model/install-paths.js';
import { ensureUnmounted } from '../disks/mount.js';
import { checkComplete } from '../disks/superblock.js';
import { run } from '../process/run.js';
import { oneOffDir } from './layout.js';
import { oneOffId } from './one-off.js';

/** Read-only: nothing is written, not even a journal replay, and nothing in it can be executed. */
const OPTIONS = 'loop,ro,noload,nodev,nosuid,noexec,errors=remount-ro';

/**
 * Mounts an image file for `look` alone. Uses the folder of a one-off container: if we are killed,
 * the next run removes it.
 *
 * @param name of the folder where it is mounted, which is alone in another one
 */
export async function withMountedImage<T>(
  paths: InstallPaths,
  file: string,
  look: (tree: string) => Promise<T>,
  name = 'image',
): Promise<T> {
  const dir = join(oneOffDir(paths), oneOffId());
  const tree = join(dir, name);
  await checkComplete(file);
  await mkdir(tree, { recursive: true, mode: 0o700 });
  try {
    const args = ['-t', 'ext4', '-o', OPTIONS, '--', file, tree];
    await run('mount', args, { purpose: `look into ${file}` });
    return await look(tree);
  } finally {
    await ensureUnmounted(tree);
    await rm(dir, { recursive: true, force: true });
  }
}
