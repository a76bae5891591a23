import { createReadStream, mkdirSync, openSync, renameSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { UserError } from '../../../model/errors.js';
import { type InstallPaths, stagingNotesDir } from '../../../model/install-paths.js';
import { largeFiles, withScratch } from '../disks/scratch.js';
import { destinationOf } from '../files/destination.js';
import {
  asBytes,
  type BytePath,
  bytePath,
  type OpenFolder,
  openFolder,
  shown,
  within,
} from '../files/open-folder.js';
import { withStaging } from '../files/staging.js';
import { isTerminal, type Stream, writeToStream } from '../files/write-output.js';
import { mergeInto } from './merge.js';
import { resolveInTree, statOf } from './resolve.js';
import { streamTree } from './stream-tree.js';

/** Work left for the time when the container is no longer frozen. */
export type DeferredWork = () => Promise<void>;

/**
 * Copies a file or folder out of a tree that nobody writes to during the call. A stranger's files
 * never get privileges on the host, not even briefly: see `streamTree`. The copy is made in a
 * folder that only root can enter and then moved into place. It replaces existing files of the same
 * name and leaves everything else alone: see `mergeInto`.
 *
 * @param path in the tree; links are resolved as in the container
 * @param to an existing folder, into which the copy goes, or the new name. A device or a FIFO
 *   receives the content of a file, which may wait for a reader: that is returned as deferred work
 */
export async function copyOut(
  paths: InstallPaths,
  tree: BytePath,
  path: BytePath,
  to: BytePath,
): Promise<DeferredWork | undefined> {
  const source = asBytes(join(tree, resolveInTree(tree, path).path));
  const found = statOf(source);
  const cannot = `cannot copy ${shown(path)}`;
  if (!found) throw new UserError(`${cannot}: no such file or folder`);
  if (!found.isDirectory() && !found.isFile() && !found.isFIFO()) {
    throw new UserError(`${cannot}: it is a device or a socket`);
  }
  const purpose = `copy ${shown(path)} to ${shown(to)}`;
  // a folder gets its new name with a slash or without, as from cp(1)
  const target = destinationOf(found.isDirectory() ? asBytes(to.replace(/(?<=.)\/+$/, '')) : to);
  if (target.type === 'output' || target.type === 'stream') {
    refuseStream(target, found, `cannot ${purpose}`);
    const content = await contentOf(paths, source, purpose);
    return () => writeToStream(target, content);
  }
  const { folder } = target;
  try {
    const name = target.type === 'folder' ? asBytes(basename(path)) : target.name;
    const at = target.type === 'folder' ? to : asBytes(dirname(to));
    const notes = stagingNotesDir(paths);
    await withStaging(folder, notes, async (staging) => {
      if (found.isDirectory()) await stageFolder(source, staging, name, purpose);
      else await stageFile(source, staging, name, purpose);
      await moveIntoPlace(staging, name, { folder, at, notes });
    });
  } finally {
    folder.close();
  }
  return undefined;
}

function refuseStream(target: Stream, found: Stats, cannot: string): void {
  if (!found.isFile()) throw new UserError(`${cannot}: only a file can be written there`);
  if (!isTerminal(target)) return;
  throw new UserError(
    `${cannot}: a container’s file may contain terminal control sequences`,
    'Write it to a file or a pipe.',
  );
}

/** An unlinked copy of a file: a slow reader does not block anybody. */
function contentOf(paths: InstallPaths, source: BytePath, purpose: string): Promise<Readable> {
  return withScratch(largeFiles(paths), async (dir) => {
    const scratch = openFolder(bytePath(dir));
    try {
      await stageFile(source, scratch, 'content' as BytePath, purpose);
      return createReadStream('', { fd: openSync(within(scratch, 'content'), 'r') });
    } finally {
      scratch.close();
    }
  });
}

async function stageFolder(source: BytePath, staging: OpenFolder, name: BytePath, purpose: string) {
  const place = asBytes(name || 'root');
  mkdirSync(within(staging, place), { mode: 0o700 });
  await streamBetween(source, asBytes(`${staging.path}/${place}`), (from, to) =>
    streamTree(from, 'folder', to, purpose),
  );
}

async function stageFile(source: BytePath, staging: OpenFolder, name: BytePath, purpose: string) {
  const own = asBytes(basename(source));
  await streamBetween(asBytes(dirname(source)), staging.path, (from, to) =>
    streamTree(from, { file: own }, to, purpose),
  );
  if (own !== name) renameSync(within(staging, own), within(staging, name));
}

/** The whole root has no name: its content goes into the folder. */
async function moveIntoPlace(
  staging: OpenFolder,
  name: BytePath,
  target: Parameters<typeof mergeInto>[1],
): Promise<void> {
  if (name !== '') return mergeInto(staging, target);
  const root = openFolder(asBytes(`${staging.path}/root`));
  try {
    await mergeInto(root, target);
  } finally {
    root.close();
  }
}

async function streamBetween(
  source: BytePath,
  to: BytePath,
  act: (source: OpenFolder, to: OpenFolder) => Promise<void>,
): Promise<void> {
  const [from, into] = [openFolder(source), openFolder(to, { follow: true })];
  try {
    await act(from, into);
  } finally {
    from.close();
    into.close();
  }
}
