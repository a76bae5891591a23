import { promises } from 'node:fs';
import { join } from 'node:path';

/** The file system calls that write state; tests make each of them fail. */
export type Disk = Pick<typeof promises, 'open' | 'rename' | 'unlink'>;

/** Node loads `promises` on first use: a run that writes nothing avoids that. */
export const nodeDisk: Disk = {
  open: (...args) => promises.open(...args),
  rename: (...args) => promises.rename(...args),
  unlink: (...args) => promises.unlink(...args),
};

/** Temporary file of a table. A fixed name is enough, since there is one writer at a time. */
export function temporaryPath(root: string, file: string): string {
  return join(root, `.${file}.tmp`);
}

/** Writes and syncs a file of mode 0600; leaves no file behind on failure. */
export async function writeDurably(disk: Disk, path: string, text: string): Promise<void> {
  try {
    const handle = await disk.open(path, 'w', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await remove(disk, path).catch(() => undefined);
    throw error;
  }
}

/** Replaces a table atomically: a reader finds the complete old or new text. */
export async function replaceFile(
  disk: Disk,
  root: string,
  file: string,
  text: string,
): Promise<void> {
  const temp = temporaryPath(root, file);
  await writeDurably(disk, temp, text);
  try {
    await disk.rename(temp, join(root, file));
  } catch (error) {
    await remove(disk, temp).catch(() => undefined);
    throw error;
  }
}

/** Makes renames and removals in a folder durable: fsync(2). */
export async function syncFolder(disk: Disk, path: string): Promise<void> {
  const handle = await disk.open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes a file; succeeds if it does not exist. */
export async function remove(disk: Disk, path: string): Promise<void> {
  try {
    await disk.unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
