import { constants } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rmdir,
  stat,
  unlink,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../../../model/errors.js';
import type { Files } from '../../ports.js';
import { readMounts } from '../disks/mount-table.js';
import { LONG, run } from '../process/run.js';
import { removeFile, replaceFile, syncPath, temporaryPath } from './atomic-write.js';

/** baleine's own files and folders. */
export function linuxFiles(): Files {
  return {
    ensureDir: (path, mode) => attempt(`make folder ${path}`, () => ensureDir(path, mode)),
    ensureFolder: (path) =>
      attempt(`make folder ${path}`, async () => {
        if (!(await statOf(path))) await mkdir(path, { recursive: true, mode: 0o755 });
      }),
    write: (path, text, mode = 0o600) => attempt(`write ${path}`, () => write(path, text, mode)),
    join: (from, path, mode = 0o600) =>
      attempt(`write ${path}`, async () => write(path, await textsOf(from), mode)),
    overwrite: (path, text) => attempt(`write ${path}`, () => overwrite(path, text)),
    move: (from, to) => attempt(`move ${from} to ${to}`, () => move(from, to)),
    remove: (path) => attempt(`remove ${path}`, () => remove(path)),
  };
}

/** An explicit mode is also set on an existing folder. Parents keep their modes. */
async function ensureDir(path: string, mode?: number): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (mode !== undefined && ((await stat(path)).mode & 0o7777) !== mode) await chmod(path, mode);
}

/** Also removes what a killed run left if the text has not changed since. */
async function write(path: string, text: string, mode: number): Promise<void> {
  await removeFile(temporaryPath(path));
  if (await isThere(path, text, mode)) return;
  await replaceFile(path, text, { mode });
  await syncPath(dirname(path));
}

/** Ends each text with a newline, whether or not its file does. */
async function textsOf(paths: string[]): Promise<string> {
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
  return texts.map((text) => (text.endsWith('\n') ? text : `${text}\n`)).join('');
}

async function isThere(path: string, text: string, mode: number): Promise<boolean> {
  const found = await statOf(path);
  if (!found?.isFile() || (found.mode & 0o7777) !== mode) return false;
  return (await readFile(path, 'utf8')) === text;
}

/** Mode 0644. Truncates after writing, so that a reader never finds the file empty. */
async function overwrite(path: string, text: string): Promise<boolean> {
  const handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW).catch(unlessMissing);
  if (!handle) return false;
  try {
    if ((await handle.readFile('utf8')) === text) return true;
    const bytes = Buffer.from(text);
    await handle.write(bytes, 0, bytes.length, 0);
    await handle.truncate(bytes.length);
    await handle.sync();
    return true;
  } finally {
    await handle.close();
  }
}

/** rename(2) replaces an existing empty folder, so check first. */
async function move(from: string, to: string): Promise<void> {
  await refuseMounts(from);
  if (await statOf(to)) throw new Error(`${to} exists`);
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await rename(from, to);
  for (const folder of new Set([dirname(from), dirname(to)])) await syncPath(folder);
}

/**
 * Also removes the temporary file of a killed run, whether or not the file itself ever existed. A
 * mount point that is a file cannot be unlinked (EBUSY). Folders with folders are removed by rm(1),
 * which works by descriptor: a container may have nested them deeper than the maximum path length, or
 * may be changing them concurrently. rm stops at other file systems; a bind mount of the same one
 * shows only in the mount table.
 */
async function remove(path: string): Promise<void> {
  const found = await statOf(path);
  if (!found?.isDirectory()) await removeFile(temporaryPath(path));
  if (!found) return;
  if (!found.isDirectory()) return unlink(path);
  await refuseMounts(path);
  if (await removeFlat(path)) return;
  await run('rm', ['--recursive', '--force', '--one-file-system', '--', path], { timeout: LONG });
  if (await statOf(path)) throw new Error('it is still there');
}

/** More files than this are left to rm(1), beside which we go on. */
const FEW = 64;

/** Removes a folder that has only a few files and no folder; false if rm(1) has to go on. */
async function removeFlat(path: string): Promise<boolean> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    if (entries.length > FEW || entries.some((each) => each.isDirectory())) return false;
    for (const { name } of entries) await unlink(join(path, name));
    await rmdir(path);
    return true;
  } catch {
    // what is in its way, rm says
    return false;
  }
}

async function refuseMounts(path: string): Promise<void> {
  const real = join(await realpath(dirname(path)), basename(path));
  const inside = readMounts().find((mount) => `${mount.path}/`.startsWith(`${real}/`));
  if (inside) throw new Error(`${inside.path} is a mount point`);
}

async function statOf(path: string) {
  return lstat(path).catch(unlessMissing);
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

async function attempt<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new Error(`cannot ${what}: ${messageOf(error)}`, { cause: error });
  }
}
