import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../../../model/errors.js';
import {
  type InstallPaths,
  restoredPrefix,
  snapshotsDir,
  volumeFile,
} from '../../../model/install-paths.js';
import { explainDiskFull } from '../disks/copies.js';
import { ensureReleased, ensureUnmounted } from '../disks/mount.js';
import { largeFiles, withScratch } from '../disks/scratch.js';
import { syncPath } from '../files/atomic-write.js';
import { linuxFiles } from '../files/index.js';
import { ifThere } from '../files/read.js';
import { formerOf } from '../snapshots/store.js';
import { beside, put, writeOut } from './folder.js';
import { userOf } from './size-problem.js';
import { mountVolume } from './sized.js';
import { copyOf, FILE, FOLDER } from './snapshots.js';

/*
 * A restore exchanges a volume for a copy of a snapshot, which is made among the scratch files. Nothing is
 * lost at any time: once the copy is complete, it is `.NAME.restored.TAG` beside the volume. Whoever uses
 * the volume next finishes the restore: the volume becomes the snapshot TAG, by way of `.TAG.former`, and
 * the copy the volume.
 */

/**
 * Makes a volume what a snapshot of it is. What it was becomes a snapshot as well.
 *
 * @param size of the volume, in bytes; undefined for a folder
 * @param tag of that snapshot, which does not exist
 * @throws UserError if something uses the volume
 */
export async function restoreSnapshot(
  paths: InstallPaths,
  path: string,
  snapshot: string,
  { size, tag }: { size?: number; tag: string },
): Promise<void> {
  await finishRestore(path);
  const pid = userOf(path);
  if (pid !== undefined) {
    throw new UserError(
      `cannot restore volume ${path}: process ${pid} has it mounted`,
      'Stop the containers that mount it first.',
    );
  }
  // from here on, it is finished by whoever comes next
  const complete = join(dirname(path), `${restoredPrefix(path)}${tag}`);
  await withCopy(paths, path, snapshot, size, (copy) => put(copy, complete));
  await finishRestore(path);
}

/** Makes a new volume of a snapshot, which has the snapshot's size, or is a folder like it. */
export async function createFromSnapshot(
  paths: InstallPaths,
  path: string,
  snapshot: string,
  size: number | undefined,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await withCopy(paths, path, snapshot, size, (copy) => takePlace(copy, path));
}

/** Passes a complete copy, which is on the disk, to `work`. */
async function withCopy(
  paths: InstallPaths,
  path: string,
  snapshot: string,
  size: number | undefined,
  work: (copy: string) => Promise<void>,
): Promise<void> {
  await withScratch(largeFiles(paths), async (scratch) => {
    const copy = join(scratch, 'copy');
    await mkdir(copy, { mode: 0o700 });
    try {
      await copyOf(paths, snapshot, copy, { size, made: beside(path, 'restored.img') });
      await writeOut(copy);
    } catch (error) {
      await explainDiskFull(error, copy);
    }
    await work(copy);
  });
}

/** Goes on where an interrupted restore has stopped, once its copy is complete. */
export async function finishRestore(path: string): Promise<void> {
  const prefix = restoredPrefix(path);
  const names = ifThere(() => readdirSync(dirname(path))) ?? [];
  const name = names.find((each) => each.startsWith(prefix));
  if (name === undefined) return;
  const former = join(snapshotsDir(path), name.slice(prefix.length));
  if (!existsSync(former)) {
    const aside = formerOf(former);
    await mkdir(aside, { recursive: true, mode: 0o700 });
    if (existsSync(volumeFile(path))) {
      await ensureUnmounted(path);
      await ensureReleased(volumeFile(path));
      await move(volumeFile(path), join(aside, FILE));
    } else if (!existsSync(join(aside, FILE)) && existsSync(path)) {
      await move(path, join(aside, FOLDER));
    }
    await put(aside, former);
  }
  await takePlace(join(dirname(path), name), path);
}

/** Makes the copy in a folder the volume. */
async function takePlace(copy: string, path: string): Promise<void> {
  if (existsSync(join(copy, FILE))) await move(join(copy, FILE), volumeFile(path));
  if (existsSync(join(copy, FOLDER))) await move(join(copy, FOLDER), path);
  await linuxFiles().remove(copy);
  if (existsSync(volumeFile(path))) await mountVolume(path);
}

async function move(from: string, to: string): Promise<void> {
  await rename(from, to);
  for (const folder of new Set([dirname(from), dirname(to)])) await syncPath(folder);
}
