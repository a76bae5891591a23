import { existsSync, readdirSync, statSync } from 'node:fs';
import { link, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../../../model/errors.js';
import {
  checkpointNotesDir,
  diskFile,
  diskSnapshotsDir,
  type InstallPaths,
  rootfsDir,
} from '../../../model/install-paths.js';
import type { DiskSnapshots } from '../../ports.js';
import { explainDiskFull } from '../disks/copies.js';
import { ensureReleased, ensureUnmounted } from '../disks/mount.js';
import { largeFiles, withScratch } from '../disks/scratch.js';
import { checkComplete } from '../disks/superblock.js';
import { syncPath } from '../files/atomic-write.js';
import { dropNote, writeNote } from '../files/notes.js';
import { ifThere } from '../files/read.js';
import { ownerMark } from '../owner.js';
import { put } from '../volumes/folder.js';
import {
  COPIES,
  copyFile,
  copyFileSystem,
  formerOf,
  listSnapshots,
  makeSnapshot,
  removeEmptyFolders,
  removeSnapshot,
  tagOfFormer,
} from './store.js';

/*
 * Snapshots of the disks of containers. A disk that is replaced becomes one by way of `.TAG.former`; in
 * between, an end of this process leaves a note, and the next run finishes it. A container always has a
 * disk: a restored one takes the place of the old one at once, which has got a second name before.
 */
export function linuxDiskSnapshots(paths: InstallPaths): DiskSnapshots {
  return {
    take: async (id, tag, now) => {
      await finishFormer(paths, id);
      const disk = diskFile(paths, id);
      return makeSnapshot(paths, folderOf(paths, id, tag), now, (part) =>
        copyFileSystem(
          paths,
          { file: disk, folder: rootfsDir(paths, id) },
          join(part, COPIES.disk),
        ),
      );
    },
    keep: (id, tag) => withNote(paths, id, () => keep(paths, id, tag)),
    restore: (id, tag, former) => withNote(paths, id, () => restore(paths, id, tag, former)),
    list: (id) => listSnapshots(diskSnapshotsDir(paths, id)),
    remove: async (id, tag) => {
      await finishFormer(paths, id);
      await removeSnapshot(paths, folderOf(paths, id, tag));
    },
    rename: async (before, after) => {
      const [from, to] = [before, after].map((id) => diskSnapshotsDir(paths, id)) as [
        string,
        string,
      ];
      if (existsSync(from) && !existsSync(to)) await rename(from, to);
    },
  };
}

const folderOf = (paths: InstallPaths, id: string, tag: string) =>
  join(diskSnapshotsDir(paths, id), tag);

async function keep(paths: InstallPaths, id: string, tag: string): Promise<boolean> {
  await finishFormer(paths, id);
  const disk = diskFile(paths, id);
  if (!existsSync(disk)) return false;
  await ensureUnmounted(rootfsDir(paths, id));
  const to = folderOf(paths, id, tag);
  const aside = formerOf(to);
  await mkdir(aside, { recursive: true, mode: 0o700 });
  await rename(disk, join(aside, COPIES.disk));
  for (const each of [dirname(disk), aside]) await syncPath(each);
  await put(aside, to);
  return true;
}

async function restore(
  paths: InstallPaths,
  id: string,
  tag: string,
  former: string,
): Promise<void> {
  await finishFormer(paths, id);
  const disk = diskFile(paths, id);
  await withScratch(largeFiles(paths), async (scratch) => {
    const copy = join(scratch, COPIES.disk);
    try {
      await copyFile(join(folderOf(paths, id, tag), COPIES.disk), copy);
      await syncPath(copy);
    } catch (error) {
      await explainDiskFull(error, copy);
    }
    await checkComplete(copy);
    await ensureUnmounted(rootfsDir(paths, id));
    await ensureReleased(disk);
    const to = folderOf(paths, id, former);
    const aside = formerOf(to);
    if (existsSync(disk)) {
      await mkdir(aside, { recursive: true, mode: 0o700 });
      await link(disk, join(aside, COPIES.disk));
      await syncPath(aside);
    }
    await rename(copy, disk);
    await syncPath(dirname(disk));
    if (existsSync(aside)) await put(aside, to);
  });
}

/**
 * Makes a snapshot of each former disk that an interrupted run has put aside. One that still is the disk
 * was not replaced.
 */
export async function finishFormer(paths: InstallPaths, id: string): Promise<void> {
  const dir = diskSnapshotsDir(paths, id);
  for (const name of ifThere(() => readdirSync(dir)) ?? []) {
    const tag = tagOfFormer(name);
    if (tag === undefined) continue;
    const [aside, to] = [join(dir, name), join(dir, tag)];
    const file = statSync(join(aside, COPIES.disk), { throwIfNoEntry: false });
    const disk = statSync(diskFile(paths, id), { throwIfNoEntry: false });
    if (!file || (disk && disk.ino === file.ino && disk.dev === file.dev)) {
      await rm(aside, { recursive: true, force: true });
      await removeEmptyFolders(to);
    } else if (existsSync(to)) {
      throw new UserError(`cannot finish a restore of ${id}: ${to} exists`);
    } else {
      await put(aside, to);
    }
  }
}

/** The note is one of the restore of a checkpoint, which the next run finishes or undoes. */
async function withNote<T>(paths: InstallPaths, id: string, work: () => Promise<T>): Promise<T> {
  const note = writeNote(checkpointNotesDir(paths), `${ownerMark()}${id}`, '');
  try {
    return await work();
  } finally {
    dropNote(note);
  }
}
