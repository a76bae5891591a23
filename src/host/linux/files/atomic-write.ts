import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  promises,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/*
 * The only module that replaces files. A reader finds the complete old or the complete new file, even
 * after a kill, and after a crash of the host if the write is durable: rename(2) is atomic, and
 * fsync(2) writes the content before the name. Every failure removes the temporary file. After a kill
 * it remains under a fixed name, which the next write replaces and cleanup recognizes.
 */

/** The file system calls of durable writes; tests make each of them fail. */
export type Disk = Pick<typeof promises, 'open' | 'rename' | 'unlink'>;

/** Node loads `promises` on first use: a run that writes nothing avoids that. */
export const nodeDisk: Disk = {
  open: (...args) => promises.open(...args),
  rename: (...args) => promises.rename(...args),
  unlink: (...args) => promises.unlink(...args),
};

interface DurableOptions {
  /** Set regardless of the umask; 0600 minus the umask by default. */
  mode?: number;
  disk?: Disk;
}

/** Beside the file. A fixed name is enough where there is one writer at a time. */
export const temporaryPath = (path: string) => join(dirname(path), `.${basename(path)}.tmp`);

/**
 * Replaces or creates a file. Its content is on disk before it gets its name. The name is durable
 * after `syncPath` of its folder, which one call can do for several files.
 */
export async function replaceFile(
  path: string,
  text: string,
  options: DurableOptions = {},
): Promise<void> {
  const { disk = nodeDisk } = options;
  await writeTemporary(path, text, options);
  await orRemove(disk, temporaryPath(path), () => disk.rename(temporaryPath(path), path));
}

/** The first half of `replaceFile`, for several files that are installed together. */
export async function writeTemporary(
  path: string,
  text: string,
  { mode, disk = nodeDisk }: DurableOptions = {},
): Promise<void> {
  const temporary = temporaryPath(path);
  await orRemove(disk, temporary, async () => {
    const handle = await openNew(disk, temporary, mode);
    try {
      if (mode !== undefined) await handle.chmod(mode);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}

/** Renames finished files, durably. Nobody else may write to their folders during the call. */
export async function installFiles(files: readonly { from: string; to: string }[]): Promise<void> {
  await Promise.all(files.map(({ from }) => syncPath(from)));
  await Promise.all(files.map(({ from, to }) => promises.rename(from, to)));
  await Promise.all([...new Set(files.map(({ to }) => dirname(to)))].map((dir) => syncPath(dir)));
}

/** Writes a file to disk, or the names in a folder: fsync(2). */
export async function syncPath(path: string, disk: Disk = nodeDisk): Promise<void> {
  const handle = await disk.open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes a file; succeeds if it does not exist. */
export async function removeFile(path: string, disk: Disk = nodeDisk): Promise<void> {
  try {
    await disk.unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

interface SyncOptions {
  /** For files of several writers, or in folders that other accounts write to; fixed by default. */
  temporary?: string | Buffer;
  /** Mode of the new file minus the umask; 0600 by default. */
  mode?: number;
  /** Set regardless of the umask. */
  exactMode?: number | undefined;
  owner?: { uid: number; gid: number } | undefined;
  /** Whether the content must survive a crash of the host. */
  durable?: boolean;
}

/** Same as a single blocking call, for small files in /run and for the user's files. */
export function replaceFileSync(
  path: string | Buffer,
  text: string,
  {
    temporary = temporaryPath(String(path)),
    mode = 0o600,
    exactMode,
    owner,
    durable,
  }: SyncOptions = {},
): void {
  const descriptor = openNewSync(temporary, mode);
  try {
    if (owner) fchownSync(descriptor, owner.uid, owner.gid);
    if (exactMode !== undefined) fchmodSync(descriptor, exactMode);
    writeFileSync(descriptor, text);
    if (durable) fsyncSync(descriptor);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Replaces the file of a killed run, and never writes through a link. */
async function openNew(disk: Disk, path: string, mode = 0o600): ReturnType<Disk['open']> {
  try {
    return await disk.open(path, 'wx', mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await removeFile(path, disk);
    return disk.open(path, 'wx', mode);
  }
}

function openNewSync(path: string | Buffer, mode: number): number {
  try {
    return openSync(path, 'wx', mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    rmSync(path);
    return openSync(path, 'wx', mode);
  }
}

async function orRemove(disk: Disk, path: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    await removeFile(path, disk).catch(() => undefined);
    throw error;
  }
}
