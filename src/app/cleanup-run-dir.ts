import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { dropArchives } from '../host/linux/images/built-archives.js';
import {
  configCache,
  configDir,
  hostsFile,
  type InstallPaths,
  rootLink,
  stateCacheFile,
} from '../model/install-paths.js';
import { removeCachedStack } from './fast-path/index.js';

/**
 * Removes baleine's empty folders in /run once no resource is recorded. Other contents stay, except
 * caches: which runtime works here, parsed tables and files, and the bundle of a one-off container
 * whose run was interrupted.
 */
export function cleanUpRunDir(paths: InstallPaths): void {
  const { run } = paths;
  rmSync(rootLink(paths), { force: true });
  // with those that are beside it while it is written
  const notes = list(run).filter(({ name }) => name.startsWith('runtime.json'));
  for (const { name } of notes) rmSync(join(run, name), { force: true });
  for (const each of [configCache(paths), dirname(stateCacheFile(paths)), join(run, 'once')]) {
    rmSync(each, { recursive: true, force: true });
  }
  removeEmpty(run);
  removeFolder(dirname(run));
}

/**
 * Removes the folders of a stack, its cached file and its built archives, once none of its resources
 * is recorded.
 */
export function cleanUpStack(paths: InstallPaths, stack: string): void {
  const { root } = paths;
  removeUnfinished(paths, stack);
  removeCachedStack(paths, stack);
  dropArchives(paths, stack);
  for (const entry of list(root).filter((each) => each.isDirectory())) {
    removeFolder(join(root, entry.name, stack));
    removeFolder(join(root, entry.name));
  }
}

/**
 * Removes unfinished files of a killed run that wrote the first file of a resource: a later run found
 * no file to remove, and dropped the row.
 */
function removeUnfinished(paths: InstallPaths, stack: string): void {
  const prefix = basename(hostsFile(paths, stack, ''));
  const folder = dirname(hostsFile(paths, stack, ''));
  const cutOff = list(folder).filter(
    ({ name }) => name.startsWith(`.${prefix}`) && name.endsWith('.tmp'),
  );
  for (const { name } of cutOff) rmSync(join(folder, name), { force: true });
  rmSync(dirname(configDir(paths, stack, 'x')), { recursive: true, force: true });
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

/** Ignores files, folders that are not empty, mount points, and folders that are already gone. */
function removeFolder(dir: string): void {
  try {
    rmdirSync(dir);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOTEMPTY', 'ENOTDIR', 'EBUSY', 'ENOENT'].includes(code)) throw error;
  }
}
