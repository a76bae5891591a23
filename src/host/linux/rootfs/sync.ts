import { chmodSync, cpSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import type { InstallPaths } from '../../../model/install-paths.js';
import { stagingNotesDir } from '../../../model/install-paths.js';
import { largeFiles, withScratch } from '../disks/scratch.js';
import { asBytes, bytePath, raw } from '../files/open-folder.js';
import type { TreeChanges } from '../files/watch-tree.js';
import { copyInto } from './copy-in.js';
import { resolveInTree } from './resolve.js';

export interface Synced extends TreeChanges {
  /** A file or folder of the host. */
  source: string;
  /** Where it belongs in the tree. */
  target: string;
}

/**
 * Brings changed files of the host into the tree of a container, and takes away those that are gone. The
 * files belong to root there, and keep their modes. Nobody else may write to the tree during the call.
 */
export async function syncInto(
  paths: InstallPaths,
  tree: string,
  { source, target, changed, removed }: Synced,
): Promise<void> {
  for (const path of removed) removeIn(tree, posix.join(target, path));
  if (changed.length === 0) return;
  const isFile = changed.includes('');
  await withScratch(largeFiles(paths), async (dir) => {
    const staged = join(dir, 'tree');
    mkdirSync(staged, { mode: 0o755 });
    for (const path of changed) {
      if (isFile) take(source, join(staged, basename(target)));
      else takeBelow(source, path, staged);
    }
    await copyInto(bytePath(staged), bytePath(tree), bytePath(isFile ? dirname(target) : target), {
      owner: '0:0',
      notes: stagingNotesDir(paths),
    });
  });
}

/** Folders on the way get the modes that they have on the host. */
function takeBelow(source: string, path: string, staged: string): void {
  const names = path.split('/').slice(0, -1);
  let at = '';
  for (const name of names) {
    at = join(at, name);
    mkdirSync(join(staged, at), { recursive: true });
    try {
      chmodSync(join(staged, at), lstatSync(join(source, at)).mode & 0o7777);
    } catch {
      // it is gone again, and so is the file
    }
  }
  take(join(source, path), join(staged, path));
}

/** What is gone again is taken away with the next changes. */
function take(from: string, to: string): void {
  try {
    cpSync(from, to, { preserveTimestamps: true, verbatimSymlinks: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** The folder is resolved as a process in the container would; the file itself may be a link. */
function removeIn(tree: string, path: string): void {
  const { path: folder } = resolveInTree(bytePath(tree), bytePath(posix.dirname(path)), {
    above: 'stop',
  });
  const name = bytePath(posix.basename(path));
  const file = asBytes(posix.join(bytePath(tree), folder, name));
  rmSync(raw(file), { recursive: true, force: true });
}
