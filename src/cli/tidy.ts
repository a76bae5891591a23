import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { forget } from '../config/cache.js';
import { dropArchives } from '../host/linux/images/built-archives.js';
import { configCache, recordsFile, rootLink, type Site } from '../model/site.js';

/**
 * Removes our empty folders in /run once nothing is on record; whatever is in one, it stays, but
 * for what is made again when it is needed: the note which runtime works here, the tables and
 * files as they were understood, and the bundle of a throw-away container whose run was cut off.
 */
export function tidy(site: Site): void {
  const { run } = site;
  for (const each of [join(run, 'runtime.json'), rootLink(site)]) rmSync(each, { force: true });
  for (const each of [configCache(site), dirname(recordsFile(site)), join(run, 'once')]) {
    rmSync(each, { recursive: true, force: true });
  }
  removeEmpty(run);
  removeFolder(dirname(run));
}

/**
 * Removes the folders that a stack had, what was kept of its file, and what was built for it, once
 * none of it is on record.
 */
export function tidyStack(site: Site, stack: string): void {
  const { root } = site;
  forget(configCache(site), stack);
  dropArchives(site, stack);
  for (const entry of list(root).filter((each) => each.isDirectory())) {
    removeFolder(join(root, entry.name, stack));
    removeFolder(join(root, entry.name));
  }
}

function removeEmpty(dir: string): void {
  for (const entry of list(dir)) {
    if (entry.isDirectory()) removeEmpty(join(dir, entry.name));
  }
  removeFolder(dir);
}

function list(dir: string) {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Leaves what is no folder or not empty, where something is mounted, and what is gone already. */
function removeFolder(dir: string): void {
  try {
    rmdirSync(dir);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOTEMPTY', 'ENOTDIR', 'EBUSY', 'ENOENT'].includes(code)) throw error;
  }
}
