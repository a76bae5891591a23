import { existsSync, readdirSync } from 'node:fs';
import { chmod, lchown, mkdir, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { InstallPaths } from '../../../model/install-paths.js';
import type { NewVolume } from '../../ports.js';
import { syncPath } from '../files/atomic-write.js';
import { linuxFiles } from '../files/index.js';
import { asBytes, bytePath, type OpenFolder, openFolder, within } from '../files/open-folder.js';
import { LONG, run } from '../process/run.js';
import { parseOwnership } from '../rootfs/chown-chmod.js';
import { isFolder, resolveInTree } from '../rootfs/resolve.js';
import { streamTree } from '../rootfs/stream-tree.js';
import { withMountedImage } from '../runtime/mounted-image.js';

/** Not every process in a container is root; on the host, the parent folders protect it. */
export const MODE = 0o755;

/** Where content is completed before it is moved into a volume. */
interface Workplace {
  unfinished: (path: string) => string;
  complete: (path: string) => string;
}

/**
 * Creates a volume that is a folder, or fills an empty one. Content is first completed in a folder
 * whose name no volume has, so that a killed run leaves either nothing or all of it:
 *
 * - `.NAME.new`: unfinished; the next attempt removes it;
 * - `.NAME.seeded`: complete, for an existing empty volume; the next attempt goes on moving it there.
 *   Such a volume keeps its folder, which a container may have mounted.
 *
 * @param how.size the volume is mounted there, and has a file system of its own
 */
export async function createFolder(
  paths: InstallPaths,
  path: string,
  how: NewVolume,
): Promise<void> {
  const { remove } = linuxFiles();
  const { unfinished, complete } = how.size === undefined ? besideFolder : insideSized;
  const [partial, whole] = [unfinished(path), complete(path)];
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await remove(partial);
  const filled = async () => {
    try {
      return await makeFilled(paths, partial, how);
    } catch (error) {
      // a full disk, for one, is full no longer
      await remove(partial);
      throw error;
    }
  };
  if (!existsSync(path)) {
    await remove(whole);
    await filled();
    return put(partial, path);
  }
  if (how.seed && readdirSync(path).length === 0 && !existsSync(whole)) {
    if (await filled()) await put(partial, whole);
    else await remove(partial);
  }
  if (existsSync(whole)) {
    await moveIn(whole, path);
    await remove(whole);
  }
  await give(path, how);
}

/** Removes what an interrupted creation left beside it. */
export async function removeRemains(path: string): Promise<void> {
  const { remove } = linuxFiles();
  for (const place of Object.values(besideFolder)) await remove(place(path));
}

/** A name beside a volume that no volume has. */
export const beside = (path: string, state: string) =>
  join(dirname(path), `.${basename(path)}.${state}`);

const besideFolder: Workplace = {
  unfinished: (path) => beside(path, 'new'),
  complete: (path) => beside(path, 'seeded'),
};

/** Names cannot be moved into another file system. */
const insideSized: Workplace = {
  unfinished: (path) => join(path, '.baleine.new'),
  complete: (path) => join(path, '.baleine.seeded'),
};

/** Its content and name survive a crash of the host from here on. */
export async function put(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncPath(dirname(to));
}

async function makeFilled(paths: InstallPaths, folder: string, how: NewVolume): Promise<boolean> {
  await mkdir(folder, { mode: 0o700 });
  await chmod(folder, MODE);
  const found = await fill(paths, folder, how);
  await give(folder, how);
  if (found) await writeOut(folder);
  return found;
}

/** @returns whether the image has a folder there */
export async function fill(
  paths: InstallPaths,
  folder: string,
  { seed }: Pick<NewVolume, 'seed'>,
): Promise<boolean> {
  if (!seed) return false;
  let found = false;
  await withMountedImage(paths, seed.image, async (tree) => {
    const place = resolveInTree(bytePath(tree), bytePath(seed.from), { above: 'stop' }).path;
    const source = asBytes(join(bytePath(tree), place));
    found = isFolder(source);
    if (found) await copyFolder(openFolder(source), folder, `copy ${seed.from} of its image`);
  });
  return found;
}

/** Writes everything of its file system to the disk. */
export async function writeOut(folder: string): Promise<void> {
  const purpose = `write out ${folder}`;
  await run('sync', ['--file-system', '--', folder], { purpose, timeout: LONG });
}

/** Copies everything, with owners, modes, times, links, attributes and holes, into a folder. */
export async function copyTree(from: string, to: string): Promise<void> {
  const how = ['--archive', '--one-file-system', '--sparse=always', '--reflink=auto'];
  const purpose = `copy ${from}`;
  await run('cp', [...how, '--no-target-directory', '--', from, to], { purpose, timeout: LONG });
}

async function copyFolder(source: OpenFolder, to: string, purpose: string): Promise<void> {
  const target = openFolder(bytePath(to));
  try {
    await streamTree(source, 'folder', target, purpose, { privileged: true });
  } finally {
    source.close();
    target.close();
  }
}

/** Never replaces what a container has written since. */
async function moveIn(from: string, to: string): Promise<void> {
  const [source, target] = [openFolder(bytePath(from)), openFolder(bytePath(to))];
  try {
    const there = new Set([...readdirSync(to, 'latin1'), basename(from)]);
    for (const name of readdirSync(from, 'latin1')) {
      if (there.has(name)) continue;
      await rename(within(source, asBytes(name)), within(target, asBytes(name)));
    }
    // the folder's own owner, mode and attributes
    const itself = { file: asBytes('.') };
    await streamTree(source, itself, target, `fill ${to}`, { privileged: true });
    await syncPath(to);
  } finally {
    source.close();
    target.close();
  }
}

/** Owner and mode of the folder, not of what is in it: that belongs to the programs that use it. */
export async function give(path: string, how: Pick<NewVolume, 'owner' | 'mode'>): Promise<void> {
  const { uid, gid, mode } = parseOwnership(how);
  if (uid !== undefined && gid !== undefined) {
    const found = await stat(path);
    await lchown(path, uid, gid);
    // chown(2) clears the set-user-ID and set-group-ID bits
    if (mode === undefined) await chmod(path, found.mode & 0o7777);
  }
  if (mode !== undefined) await chmod(path, mode);
}
