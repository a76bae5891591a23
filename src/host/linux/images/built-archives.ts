import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DockerfileSource } from '../../../model/config.js';
import { builtImagesDir, type InstallPaths } from '../../../model/install-paths.js';
import { digest } from '../../../model/json.js';
import { isOwned } from '../owner.js';

/**
 * Images built for a plan are kept in /var/cache/baleine/TAG until they are applied, as
 * `STACK.SOURCE.LAYERS.tar`; `_` stands for imperative commands. The apply may never come, so each
 * archive has an owner and a limited life: it is removed when the same source is built again, when
 * its stack is destroyed, by `image prune`, and by the next run that changes something once it is
 * too old or the total is too large. A removed archive is built again if it is needed.
 */
export const BUILT_BOUNDS = {
  /** Maximum age in milliseconds. */
  age: 7 * 24 * 3600_000,
  /** Total bytes per installation. */
  archives: 20,
  /** Number per installation. A single archive above the total size is still kept. */
  bytes: 20 * 1024 ** 3,
};

const folderOf = ({ tag }: Pick<InstallPaths, 'tag'>) => join(CACHE, tag);
const CACHE = builtImagesDir('');

/** Stores an archive, replacing the previous result of the same source. */
export function keepArchive(
  paths: InstallPaths,
  owner: string,
  source: DockerfileSource,
  layers: string,
  archive: string,
): void {
  const folder = folderOf(paths);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const prefix = `${ownerName(owner)}.${digest(source, 16)}.`;
  for (const name of archivesIn(folder)) {
    if (name.startsWith(prefix)) rmSync(join(folder, name), { force: true });
  }
  renameSync(archive, join(folder, `${prefix}${layers}.tar`));
  sweepArchives();
}

/** Undefined if it was removed. */
export function findArchive(paths: InstallPaths, layers: string): string | undefined {
  const folder = folderOf(paths);
  const name = archivesIn(folder).find((each) => each.endsWith(`.${layers}.tar`));
  return name === undefined ? undefined : join(folder, name);
}

/** Archives of one stack, or of the whole installation. */
export function dropArchives(paths: InstallPaths, stack?: string): void {
  const folder = folderOf(paths);
  const prefix = stack === undefined ? '' : `${ownerName(stack)}.`;
  for (const name of archivesIn(folder)) {
    if (name.startsWith(prefix)) rmSync(join(folder, name), { force: true });
  }
  removeIfEmpty(folder);
}

/**
 * Removes archives that are too old or too large in total, for all installations: one that is no
 * longer used cannot do so itself. Also removes leftovers of killed builds.
 */
export function sweepArchives(now = Date.now(), bounds = BUILT_BOUNDS, cache = CACHE): void {
  for (const tag of namesIn(cache)) {
    const folder = join(cache, tag);
    sweepScratch(join(folder, 'scratch'));
    const archives = archivesIn(folder)
      .map((name) => ({ path: join(folder, name), ...sizeAndTime(join(folder, name)) }))
      .sort((a, b) => b.time - a.time);
    let bytes = 0;
    for (const [index, { path, size, time }] of archives.entries()) {
      bytes += size;
      const isMuch = index >= bounds.archives || (index > 0 && bytes > bounds.bytes);
      if (isMuch || now - time > bounds.age) rmSync(path, { force: true });
    }
    removeIfEmpty(folder);
  }
}

function sweepScratch(folder: string): void {
  for (const name of namesIn(folder).filter((each) => !isOwned(each))) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
  remove(folder);
}

function removeIfEmpty(folder: string): void {
  if (remove(folder)) remove(join(folder, '..'));
}

/** Returns whether the folder was empty or already gone. */
function remove(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

const ownerName = (stack: string) => (stack === '-' ? '_' : stack);

/** Release 0.1 named archives by their layers alone. */
const archivesIn = (folder: string) => namesIn(folder).filter((name) => name.endsWith('.tar'));

function sizeAndTime(path: string): { size: number; time: number } {
  const found = statSync(path, { throwIfNoEntry: false });
  return { size: found?.size ?? 0, time: found?.mtimeMs ?? 0 };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
