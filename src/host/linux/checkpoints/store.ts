import { existsSync, lstatSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { arch, release } from 'node:os';
import { dirname, join } from 'node:path';
import { CHECKPOINT, type Checkpoint, folderOf } from '../../../model/checkpoint.js';
import {
  checkpointNotesDir,
  checkpointsDir,
  type InstallPaths,
  restoredDisk,
  rootfsDir,
} from '../../../model/install-paths.js';
import { explainDiskFull } from '../disks/copies.js';
import { removePartial } from '../disks/create-files.js';
import { ensureUnmounted } from '../disks/mount.js';
import { installFiles, replaceFile, syncPath } from '../files/atomic-write.js';
import { dropNote, sweepNotes, writeNote } from '../files/notes.js';
import { ifThere } from '../files/read.js';
import { ownerMark } from '../owner.js';
import { cleanUp } from '../runtime/clear.js';
import { idIn } from '../runtime/with-frozen.js';
import { finishFormer } from '../snapshots/disks.js';
import type { StoredCheckpoint } from './read.js';

/*
 * `<root>/checkpoints/<id>/<time>/`, mode 0700 because it has the container's memory: checkpoint.json,
 * the images of CRIU in criu/, and disk.img. It is made under a name with a dot and renamed when
 * complete; only then an earlier one is removed. The newest counts.
 */

const PART = '.new';

/**
 * Makes the checkpoint of a container: complete or not at all. An earlier one is removed when the new
 * one is complete. The caller holds the lock.
 *
 * @param fill writes its files into the folder
 */
export async function createCheckpoint(
  paths: InstallPaths,
  { id, stack, name, spec, runtime }: Omit<Checkpoint, 'version' | keyof Made>,
  fill: (dir: string) => Promise<void>,
): Promise<StoredCheckpoint> {
  const created_at = new Date().toISOString();
  return install(paths, id, async (dir) => {
    await fill(dir);
    const made: Made = { created_at, arch: arch(), kernel: release(), size: sizeOf(dir) };
    return { version: 1, id, stack, name, runtime, ...made, spec };
  });
}

type Made = Pick<Checkpoint, 'created_at' | 'arch' | 'kernel' | 'size'>;

/** As `createCheckpoint`, for one that exists elsewhere. @param fill returns its record */
export async function install(
  paths: InstallPaths,
  id: string,
  fill: (dir: string) => Promise<Checkpoint>,
): Promise<StoredCheckpoint> {
  const parent = checkpointsDir(paths, id);
  const part = join(parent, PART);
  const note = writeNote(checkpointNotesDir(paths), `${ownerMark()}${id}`, '');
  try {
    await rm(part, { recursive: true, force: true });
    mkdirSync(part, { recursive: true, mode: 0o700 });
    const record = await fill(part).catch((error: unknown) => explainDiskFull(error, part));
    await replaceFile(join(part, CHECKPOINT.record), JSON.stringify(record), { mode: 0o600 });
    await syncFiles(part);
    const dir = join(parent, folderOf(record));
    await rm(dir, { recursive: true, force: true });
    await installFiles([{ from: part, to: dir }]);
    await Promise.all(
      readdirSync(parent)
        .filter((name) => join(parent, name) !== dir)
        .map((name) => rm(join(parent, name), { recursive: true, force: true })),
    );
    return { ...record, dir };
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    removeIfEmpty(parent);
    throw error;
  } finally {
    dropNote(note);
  }
}

/** Content first, then names: after a crash of the host a folder that has its name is complete. */
async function syncFiles(dir: string): Promise<void> {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) await syncFiles(path);
    else await syncPath(path);
  }
  await syncPath(dir);
}

/** Bytes that the files below a folder occupy. */
export function sizeOf(dir: string): number {
  const entries = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  return entries.reduce((sum, each) => sum + lstatSync(join(dir, each)).blocks * 512, 0);
}

export async function removeCheckpoint(paths: InstallPaths, id: string): Promise<void> {
  const parent = checkpointsDir(paths, id);
  await rm(parent, { recursive: true, force: true });
  const all = dirname(parent);
  if (ifThere(() => readdirSync(all))?.length === 0) rmdirSync(all);
}

/** Runs a restore; if we are killed, the next run that takes the lock undoes it by `sweepCheckpoints`. */
export async function withRestoreNote<T>(
  paths: InstallPaths,
  id: string,
  work: () => Promise<T>,
): Promise<T> {
  const note = writeNote(checkpointNotesDir(paths), `${ownerMark()}${id}`, '');
  try {
    return await work();
  } finally {
    dropNote(note);
  }
}

/** Ends a container that was not restored completely, and removes the disk that it was to get. */
export async function undoRestore(paths: InstallPaths, id: string): Promise<void> {
  const disk = restoredDisk(paths, id);
  if (existsSync(disk)) {
    await cleanUp(paths, id);
    await ensureUnmounted(rootfsDir(paths, id));
  }
  await removePartial(disk);
  await rm(disk, { force: true });
}

/** Removes or finishes what killed runs have left of checkpoints and restores. */
export async function sweepCheckpoints(paths: InstallPaths): Promise<void> {
  await sweepNotes(checkpointNotesDir(paths), async (_note, name) => {
    const id = idIn(name);
    const parent = checkpointsDir(paths, id);
    await rm(join(parent, PART), { recursive: true, force: true });
    removeIfEmpty(parent);
    await undoRestore(paths, id);
    await finishFormer(paths, id);
  });
}

/** A folder, and its parent with those of all containers. */
function removeIfEmpty(dir: string): void {
  for (const each of [dir, dirname(dir)]) {
    if ((ifThere(() => readdirSync(each)) ?? ['absent']).length > 0) return;
    rmdirSync(each);
  }
}
