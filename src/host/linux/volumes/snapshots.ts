import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, rename, rmdir, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type InstallPaths, volumeFile } from '../../../model/install-paths.js';
import type { Snapshot, SnapshotCost } from '../../ports.js';
import { CP_OPTIONS, explainDiskFull } from '../disks/copies.js';
import { readMounts } from '../disks/mount-table.js';
import { resizeFile } from '../disks/resize.js';
import { largeFiles, withScratch } from '../disks/scratch.js';
import { folderSize } from '../files/folder-size.js';
import { LONG, run } from '../process/run.js';
import { withMountedImage } from '../runtime/mounted-image.js';
import { beside, copyTree, put, writeOut } from './folder.js';
import { whileFrozen } from './freeze.js';
import { makeFile } from './sized.js';

/*
 * A snapshot is a folder with a copy of a volume in it, a file or a folder like the volume itself, whose
 * modification time is when it was taken. Its blocks are shared with the volume where the file system
 * can. It is made among the scratch files, and appears complete or not at all. `.TAG.former` is a volume
 * as it was before a restore, which is about to become a snapshot.
 */

export const FILE = 'volume.img';
export const FOLDER = 'volume';
export const formerOf = (to: string) => beside(to, 'former');

/**
 * Copies a volume. Writes to one with a size wait until it is copied; of a folder, the caller stops
 * whoever writes.
 *
 * @param to the snapshot's folder, which does not exist
 */
export async function takeSnapshot(
  paths: InstallPaths,
  path: string,
  to: string,
  now: Date,
): Promise<SnapshotCost> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  return withScratch(largeFiles(paths), async (scratch) => {
    const part = join(scratch, 'snapshot');
    await mkdir(part, { mode: 0o700 });
    try {
      const paused = await copyVolume(paths, path, part);
      await writeOut(part);
      await utimes(part, now, now);
      await put(part, to);
      return { ...sizeOf(to), paused };
    } catch (error) {
      try {
        return await explainDiskFull(error, to);
      } finally {
        await removeEmptyFolders(to);
      }
    }
  });
}

/** @returns milliseconds for which nothing could be written */
async function copyVolume(paths: InstallPaths, path: string, part: string): Promise<number> {
  const file = volumeFile(path);
  const begun = performance.now();
  if (!existsSync(file)) {
    await copyTree(path, join(part, FOLDER));
    return Math.round(performance.now() - begun);
  }
  const copy = () => copyFile(file, join(part, FILE));
  if (isMounted(path)) return whileFrozen(paths, path, copy);
  await copy();
  return 0;
}

/** Those of a volume, the oldest first. @param dir `snapshotsDir` */
export function listSnapshots(dir: string): Snapshot[] {
  const names = existsSync(dir) ? readdirSync(dir).filter((name) => !name.startsWith('.')) : [];
  return names
    .map((tag) => {
      const folder = join(dir, tag);
      const size = existsSync(join(folder, FILE)) && { size: statSync(join(folder, FILE)).size };
      return { tag, taken: statSync(folder).mtimeMs, ...size };
    })
    .sort((a, b) => a.taken - b.taken || (a.tag < b.tag ? -1 : 1));
}

/** What a snapshot occupies, shared blocks included. */
export function sizeOf(snapshot: string): { bytes: number } {
  const file = join(snapshot, FILE);
  const bytes = existsSync(file)
    ? statSync(file).blocks * 512
    : folderSize(join(snapshot, FOLDER)).allocated;
  return { bytes };
}

/** Removes a snapshot. */
export async function removeSnapshot(paths: InstallPaths, snapshot: string): Promise<void> {
  await withScratch(largeFiles(paths), async (scratch) => {
    await rename(snapshot, join(scratch, 'snapshot'));
    await removeEmptyFolders(snapshot);
  });
}

/** The folders of a snapshot's volume and stack, if it was the last one there. */
async function removeEmptyFolders(snapshot: string): Promise<void> {
  const dir = dirname(snapshot);
  for (const each of [dir, dirname(dir), dirname(dirname(dir))]) {
    await rmdir(each).catch(() => undefined);
  }
}

/** Copies a file of our own, with its holes, sharing its blocks where that is possible. */
async function copyFile(from: string, to: string): Promise<void> {
  await run('cp', [...CP_OPTIONS, '--', from, to], { purpose: `copy ${from}`, timeout: LONG });
}

const isMounted = (path: string) => readMounts().some((each) => each.path === path);

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
