import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DockerfileSource } from '../../../model/config.js';
import { builtImagesDir, type InstallPaths } from '../../../model/install-paths.js';
import { digest } from '../../../model/json.js';
import { isOwned } from '../owner.js';

/**
 * Images that were built for a plan wait in /var/cache/baleine/TAG until they are applied, as
 * `STACK.SOURCE.LAYERS.tar`; `_` stands for what is built by hand. No apply may ever come, so each
 * has an owner and an end: it goes when the same source is built again, when its stack is destroyed,
 * with `image prune`, and with the next run that changes something once it is too old or there is
 * too much of its kind. Who wants one that is gone builds it again.
 */
export const BUILT_BOUNDS = {
  /** Milliseconds that one waits at most. */
  age: 7 * 24 * 3600_000,
  /** Of one installation. */
  archives: 20,
  /** Of one installation; one that is larger alone is kept all the same. */
  bytes: 20 * 1024 ** 3,
};

const folderOf = ({ tag }: Pick<InstallPaths, 'tag'>) => join(CACHE, tag);
const CACHE = builtImagesDir('');

/** Keeps an archive in place of what the same source gave before. */
export function keepArchive(
  site: InstallPaths,
  owner: string,
  source: DockerfileSource,
  layers: string,
  archive: string,
): void {
  const folder = folderOf(site);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const prefix = `${ownerName(owner)}.${digest(source, 16)}.`;
  for (const name of archivesIn(folder)) {
    if (name.startsWith(prefix)) rmSync(join(folder, name), { force: true });
  }
  renameSync(archive, join(folder, `${prefix}${layers}.tar`));
  sweepArchives();
}

/** Undefined when it is gone. */
export function findArchive(site: InstallPaths, layers: string): string | undefined {
  const folder = folderOf(site);
  const name = archivesIn(folder).find((each) => each.endsWith(`.${layers}.tar`));
  return name === undefined ? undefined : join(folder, name);
}

/** Of a stack, or all of the installation. */
export function dropArchives(site: InstallPaths, stack?: string): void {
  const folder = folderOf(site);
  const prefix = stack === undefined ? '' : `${ownerName(stack)}.`;
  for (const name of archivesIn(folder)) {
    if (name.startsWith(prefix)) rmSync(join(folder, name), { force: true });
  }
  removeIfEmpty(folder);
}

/**
 * Takes away what has waited too long or is too much, of every installation: one that is not used
 * any more cannot do so itself. Also what killed builds have left.
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

/** Whether it was empty, or gone. */
function remove(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

const ownerName = (stack: string) => (stack === '-' ? '_' : stack);

/** Release 0.1 named them by their layers alone. */
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
