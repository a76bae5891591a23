import { existsSync, statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type InstallPaths, volumeFile } from '../../../model/install-paths.js';
import type { SnapshotCost } from '../../ports.js';
import { resizeFile } from '../disks/resize.js';
import { withMountedImage } from '../runtime/mounted-image.js';
import { COPIES, copyFile, copyFileSystem, makeSnapshot } from '../snapshots/store.js';
import { copyTree } from './folder.js';
import { makeFile } from './sized.js';

/** The copy in a snapshot: a file or a folder like the volume itself. */
export const FILE = COPIES.file;
export const FOLDER = COPIES.folder;

/**
 * Copies a volume. Writes to one with a size wait until it is copied; of a folder, the caller stops
 * whoever writes.
 *
 * @param to the snapshot's folder, which does not exist
 */
export function takeSnapshot(
  paths: InstallPaths,
  path: string,
  to: string,
  now: Date,
): Promise<SnapshotCost> {
  return makeSnapshot(paths, to, now, async (part) => {
    const file = volumeFile(path);
    if (existsSync(file)) {
      return copyFileSystem(paths, { file, folder: path }, join(part, FILE));
    }
    const begun = performance.now();
    await copyTree(path, join(part, FOLDER));
    return Math.round(performance.now() - begun);
  });
}

/**
 * Completes a copy of a snapshot in a folder, in the form that a volume has.
 *
 * @param size of the volume, in bytes; undefined for a folder
 * @param made for a new file system: its name beside the volume
 * @throws Error if its data does not fit
 */
export async function copyOf(
  paths: InstallPaths,
  snapshot: string,
  to: string,
  { size, made }: { size: number | undefined; made: string },
): Promise<void> {
  const [file, folder] = [join(to, FILE), join(to, FOLDER)];
  if (existsSync(join(snapshot, FOLDER))) {
    if (size === undefined) return copyTree(join(snapshot, FOLDER), folder);
    await makeFile(made, size, (tree) => copyTree(join(snapshot, FOLDER), tree));
    return rename(made, file);
  }
  if (size === undefined) {
    return withMountedImage(paths, join(snapshot, FILE), (tree) => copyTree(tree, folder));
  }
  await copyFile(join(snapshot, FILE), file);
  if (statSync(file).size !== size) await resizeFile(file, size, file);
}
