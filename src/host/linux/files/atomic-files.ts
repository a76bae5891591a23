import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ensureUnmounted } from '../disks/mount.js';
import { undo } from '../process/launch.js';

/**
 * Makes files under other names and lets them appear when all are done and written out: after a
 * crash of the host each is whole or not there. The other name is always the same, so that what a
 * crash left is cleared by the next attempt; the state lock keeps us alone.
 *
 * @param make gets the other names, in order
 */
export async function makeWhole(
  files: readonly string[],
  make: (parts: string[]) => Promise<void>,
): Promise<void> {
  const parts = files.map(partOf);
  const folders = [...new Set(files.map(dirname))];
  await Promise.all(folders.map((path) => mkdir(path, { recursive: true, mode: 0o700 })));
  await undoAll(parts);
  try {
    await make(parts);
    await Promise.all(parts.map(flush));
    await Promise.all(parts.map((part, index) => rename(part, files[index] as string)));
    await Promise.all(folders.map(flush));
  } catch (error) {
    await undo(() => undoAll(parts));
    throw error;
  }
}

/** What an unfinished attempt at a file left beside it. */
export async function clearPart(file: string): Promise<void> {
  await undoAll([partOf(file)]);
}

/** Where a file that is not done yet is mounted, to be filled. */
export const treeOf = (part: string) => `${part}.tree`;

const partOf = (file: string) => join(dirname(file), `.${basename(file)}.part`);

async function undoAll(parts: readonly string[]): Promise<void> {
  for (const part of parts) {
    if (existsSync(treeOf(part))) await ensureUnmounted(treeOf(part));
    await rm(part, { force: true });
  }
}

/** Writes a file, or the names in a folder, through to the disk: fsync(2). */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
