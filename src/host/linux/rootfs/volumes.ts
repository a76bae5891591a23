import { existsSync, readdirSync } from 'node:fs';
import { chmod, lchown, mkdir, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf, UserError } from '../../../model/errors.js';
import type { InstallPaths } from '../../../model/install-paths.js';
import type { NewVolume, Volumes } from '../../ports.js';
import { syncPath } from '../files/atomic-write.js';
import { linuxFiles } from '../files/index.js';
import { asBytes, bytePath, type OpenFolder, openFolder, within } from '../files/open-folder.js';
import { LONG, run } from '../process/run.js';
import { withMountedImage } from '../runtime/mounted-image.js';
import { parseOwnership } from './chown-chmod.js';
import { isFolder, resolveInTree } from './resolve.js';
import { streamTree } from './stream-tree.js';

/** Not every process in a container is root; on the host, the parent folders protect it. */
const MODE = 0o755;

/**
 * Volumes below the root. Content is first completed in a folder beside the volume, whose name no
 * volume has, so that a killed run leaves either nothing or all of it:
 *
 * - `.NAME.new`: unfinished; the next attempt removes it;
 * - `.NAME.seeded`: complete, for an existing empty volume; the next attempt goes on moving it there.
 *   Such a volume keeps its folder, which a container may have mounted.
 */
export function linuxVolumes(paths: InstallPaths): Volumes {
  const files = linuxFiles();
  const inTurn = turns();
  return {
    create: (path, how) =>
      attempt(`create volume ${path}`, () => {
        const work = () => create(paths, path, how, files.remove);
        return how.seed ? inTurn(how.seed.image, work) : work();
      }),
    give: (path, how) => attempt(`set the owner of volume ${path}`, () => give(path, how)),
    remove: async (path) => {
      for (const each of [path, unfinished(path), complete(path)]) await files.remove(each);
    },
  };
}

const beside = (path: string, state: string) => join(dirname(path), `.${basename(path)}.${state}`);
const unfinished = (path: string) => beside(path, 'new');
const complete = (path: string) => beside(path, 'seeded');

async function create(
  paths: InstallPaths,
  path: string,
  how: NewVolume,
  remove: (path: string) => Promise<void>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await remove(unfinished(path));
  const filled = async () => {
    try {
      return await fill(paths, unfinished(path), how);
    } catch (error) {
      // a full disk, for one, is full no longer
      await remove(unfinished(path));
      throw error;
    }
  };
  if (!existsSync(path)) {
    await remove(complete(path));
    await filled();
    return put(unfinished(path), path);
  }
  if (how.seed && readdirSync(path).length === 0 && !existsSync(complete(path))) {
    if (await filled()) await put(unfinished(path), complete(path));
    else await remove(unfinished(path));
  }
  if (existsSync(complete(path))) {
    await moveIn(complete(path), path);
    await remove(complete(path));
  }
  await give(path, how);
}

/** Its content and name survive a crash of the host from here on. */
async function put(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncPath(dirname(to));
}

/** @returns whether the image has a folder there */
async function fill(paths: InstallPaths, folder: string, how: NewVolume): Promise<boolean> {
  await mkdir(folder, { mode: 0o700 });
  await chmod(folder, MODE);
  let found = false;
  if (how.seed) {
    const { image, from } = how.seed;
    await withMountedImage(paths, image, async (tree) => {
      const place = resolveInTree(bytePath(tree), bytePath(from), { above: 'stop' }).path;
      const source = asBytes(join(bytePath(tree), place));
      found = isFolder(source);
      if (found) await copyFolder(openFolder(source), folder, `copy ${from} of its image`);
    });
  }
  await give(folder, how);
  if (found) {
    const purpose = `write out ${folder}`;
    await run('sync', ['--file-system', '--', folder], { purpose, timeout: LONG });
  }
  return found;
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
    const there = new Set(readdirSync(to, 'latin1'));
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

/** Not what is in it: that belongs to the programs that use it. */
async function give(path: string, how: Pick<NewVolume, 'owner' | 'mode'>): Promise<void> {
  const { uid, gid, mode } = parseOwnership(how);
  if (uid !== undefined && gid !== undefined) {
    const found = await stat(path);
    await lchown(path, uid, gid);
    // chown(2) clears the set-user-ID and set-group-ID bits
    if (mode === undefined) await chmod(path, found.mode & 0o7777);
  }
  if (mode !== undefined) await chmod(path, mode);
}

/** Work on one image at a time: mounts of one file share a loop device. */
function turns() {
  const last = new Map<string, Promise<unknown>>();
  return <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const before = last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    last.set(
      key,
      mine.catch(() => undefined),
    );
    return mine;
  };
}

async function attempt<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new Error(`cannot ${what}: ${messageOf(error)}`, { cause: error });
  }
}
