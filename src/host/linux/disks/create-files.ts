import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { installFiles, removeFile } from '../files/atomic-write.js';
import { runCleanup } from '../process/launch.js';
import { ensureUnmounted } from './mount.js';

/**
 * Creates files under temporary names and renames them when all are complete and synced: after a
 * host crash each file is either complete or absent. Temporary names are fixed, so that the next
 * attempt removes leftovers of a crash; the state lock keeps other runs out.
 *
 * @param make receives the temporary names, in order
 */
export async function createFiles(
  files: readonly string[],
  make: (parts: string[]) => Promise<void>,
): Promise<void> {
  const parts = files.map(partOf);
  const folders = [...new Set(files.map(dirname))];
  await Promise.all(folders.map((path) => mkdir(path, { recursive: true, mode: 0o700 })));
  await removeAll(parts);
  try {
    await make(parts);
    await installFiles(files.map((to) => ({ from: partOf(to), to })));
  } catch (error) {
    await runCleanup(() => removeAll(parts));
    throw error;
  }
}

/** Removes what an unfinished attempt left beside a file. */
export async function removePartial(file: string): Promise<void> {
  await removeAll([partOf(file)]);
}

/** Mount point for filling an unfinished file. */
export const partialMountPoint = (part: string) => `${part}.tree`;

const partOf = (file: string) => join(dirname(file), `.${basename(file)}.part`);

async function removeAll(parts: readonly string[]): Promise<void> {
  for (const part of parts) {
    if (existsSync(partialMountPoint(part))) await ensureUnmounted(partialMountPoint(part));
    await removeFile(part);
  }
}
