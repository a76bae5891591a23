import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, rename, rmdir, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { InstallPaths } from '../../../model/install-paths.js';
import type { Snapshot, SnapshotCost } from '../../ports.js';
import { CP_OPTIONS, explainDiskFull } from '../disks/copies.js';
import { readMounts } from '../disks/mount-table.js';
import { largeFiles, withScratch } from '../disks/scratch.js';
import { folderSize } from '../files/folder-size.js';
import { LONG, run } from '../process/run.js';
import { put, writeOut } from '../volumes/folder.js';
import { whileFrozen } from './freeze.js';

/*
 * A snapshot is a folder with a copy in it, a file system in a file or a folder like the original, whose
 * modification time is when it was taken. Its blocks are shared with the original where the file system
 * can. It is made among the scratch files, and appears complete or not at all. `.TAG.former` is what
 * something was before a restore, which is about to become a snapshot.
 */

/** The copies in snapshots: of a volume with a size, of one that is a folder, of a container's disk. */
export const COPIES = { file: 'volume.img', folder: 'volume', disk: 'disk.img' } as const;

export const formerOf = (to: string) => join(dirname(to), `.${basename(to)}.former`);

/** The tag in a name made by `formerOf`. */
export const tagOfFormer = (name: string) => /^\.(.+)\.former$/.exec(name)?.[1];

/**
 * Makes a snapshot.
 *
 * @param to its folder, which does not exist
 * @param copy fills the folder, and returns for how many milliseconds writes waited
 */
export async function makeSnapshot(
  paths: InstallPaths,
  to: string,
  now: Date,
  copy: (part: string) => Promise<number>,
): Promise<SnapshotCost> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  return withScratch(largeFiles(paths), async (scratch) => {
    const part = join(scratch, 'snapshot');
    await mkdir(part, { mode: 0o700 });
    try {
      const paused = await copy(part);
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

/** Those in a folder, the oldest first. @param dir `snapshotsDir` or `diskSnapshotsDir` */
export function listSnapshots(dir: string): Snapshot[] {
  const names = existsSync(dir) ? readdirSync(dir).filter((name) => !name.startsWith('.')) : [];
  return names
    .map((tag) => {
      const folder = join(dir, tag);
      const file = fileIn(folder);
      return {
        ...{ tag, taken: statSync(folder).mtimeMs },
        ...(file !== undefined && { size: statSync(file).size }),
      };
    })
    .sort((a, b) => a.taken - b.taken || (a.tag < b.tag ? -1 : 1));
}

/** What a snapshot occupies, shared blocks included. */
export function sizeOf(snapshot: string): { bytes: number } {
  const file = fileIn(snapshot);
  const bytes =
    file === undefined
      ? folderSize(join(snapshot, COPIES.folder)).allocated
      : statSync(file).blocks * 512;
  return { bytes };
}

const fileIn = (snapshot: string) =>
  [COPIES.file, COPIES.disk].map((name) => join(snapshot, name)).find((each) => existsSync(each));

/** Removes a snapshot. */
export async function removeSnapshot(paths: InstallPaths, snapshot: string): Promise<void> {
  await withScratch(largeFiles(paths), async (scratch) => {
    await rename(snapshot, join(scratch, 'snapshot'));
    await removeEmptyFolders(snapshot);
  });
}

/** The folders that a snapshot was in, if it was the last one there. */
export async function removeEmptyFolders(snapshot: string): Promise<void> {
  const dir = dirname(snapshot);
  for (const each of [dir, dirname(dir), dirname(dirname(dir))]) {
    await rmdir(each).catch(() => undefined);
  }
}

/**
 * Copies a file system in a file, while nothing is written to it if it is mounted.
 *
 * @returns milliseconds for which writes waited
 */
export async function copyFileSystem(
  paths: InstallPaths,
  { file, folder }: { file: string; folder: string },
  to: string,
): Promise<number> {
  const copy = () => copyFile(file, to);
  if (readMounts().some((each) => each.path === folder)) return whileFrozen(paths, folder, copy);
  await copy();
  return 0;
}

/** Copies a file of our own, with its holes, sharing its blocks where that is possible. */
export async function copyFile(from: string, to: string): Promise<void> {
  await run('cp', [...CP_OPTIONS, '--', from, to], { purpose: `copy ${from}`, timeout: LONG });
}
