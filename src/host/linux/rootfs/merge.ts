import { lstatSync, readdirSync, renameSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../../model/errors.js';
import {
  asBytes,
  type BytePath,
  type OpenFolder,
  openFolder,
  raw,
  shown,
  within,
} from '../files/open-folder.js';
import { withStaging } from '../files/staging.js';
import { resolveInTree, statOf } from './resolve.js';
import { streamTree } from './stream-tree.js';

/** Destination of a merge. */
export interface MergeTarget {
  folder: OpenFolder;
  /** The folder's path for messages, relative to the tree if there is one. */
  at: BytePath;
  /** Links are resolved within this tree; without it no link is followed. */
  tree?: BytePath;
  /** See `withStaging`. */
  notes?: string | undefined;
}

/**
 * Moves the content of a staging folder into a folder, entry by entry, each atomically. An existing
 * folder keeps its owner and mode and receives the new files. Entries that cannot be replaced are
 * detected before anything is moved: a folder by a file, anything else by a folder, and on the host
 * everything that is neither a regular file nor a link.
 *
 * @throws UserError "cannot copy to <path>: …"
 */
export async function mergeInto(staged: OpenFolder, target: MergeTarget): Promise<void> {
  await walk(staged, target, false);
  await walk(staged, target, true);
}

async function walk(staged: OpenFolder, target: MergeTarget, move: boolean): Promise<void> {
  if (move && staged.stats.dev !== target.folder.stats.dev) return moveAcross(staged, target);
  for (const name of namesIn(staged)) {
    const inner = lstatSync(within(staged, name)).isDirectory() ? enter(target, name) : undefined;
    if (inner) await descend(staged, name, inner, move);
    else if (move) renameSync(within(staged, name), within(target.folder, name));
    else refuseReplacing(staged, name, target);
  }
}

async function descend(staged: OpenFolder, name: BytePath, inner: MergeTarget, move: boolean) {
  const below = openFolder(asBytes(`${staged.path}/${name}`));
  try {
    await walk(below, inner, move);
  } finally {
    below.close();
    inner.folder.close();
  }
}

/** For a target folder on which another file system is mounted. */
function moveAcross(staged: OpenFolder, target: MergeTarget): Promise<void> {
  return withStaging(target.folder, target.notes, async (beside) => {
    await streamTree(staged, 'content', beside, `copy to ${shown(target.at)}`);
    await walk(beside, target, true);
  });
}

/** The existing folder of that name; undefined if nothing has the name. */
function enter(target: MergeTarget, name: BytePath): MergeTarget | undefined {
  const { folder, at, tree } = target;
  const there = statOf(asBytes(`${folder.path}/${name}`));
  if (!there) return undefined;
  const path = asBytes(join(at, name));
  if (tree !== undefined) {
    const inside = resolveInTree(tree, path).path;
    const found = asBytes(join(tree, inside));
    if (!statOf(found)?.isDirectory()) throw replaceError(path, there, 'a folder');
    return { ...target, folder: openFolder(found), at: inside };
  }
  if (!there.isDirectory()) throw replaceError(path, there, 'a folder');
  return { ...target, folder: openFolder(asBytes(`${folder.path}/${name}`)), at: path };
}

function refuseReplacing(
  staged: OpenFolder,
  name: BytePath,
  { folder, at, tree }: MergeTarget,
): void {
  const there = statOf(asBytes(`${folder.path}/${name}`));
  if (!there) return;
  const replaceable = tree === undefined ? there.isFile() || there.isSymbolicLink() : true;
  if (replaceable && !there.isDirectory()) return;
  const comes = lstatSync(within(staged, name));
  throw replaceError(asBytes(join(at, name)), there, describe(comes));
}

function replaceError(path: BytePath, there: Stats, comes: string): UserError {
  return new UserError(
    `cannot copy to ${shown(path)}: it is ${describe(there)}, and ${comes} cannot replace it`,
    'Nothing was copied. Remove it first, or copy to another place.',
  );
}

function describe(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isSymbolicLink()) return 'a link';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  return stats.isFile() ? 'a file' : 'a device';
}

const namesIn = ({ path }: OpenFolder) => readdirSync(raw(path), 'latin1') as BytePath[];
