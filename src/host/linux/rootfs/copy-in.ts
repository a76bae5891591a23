import { readdirSync, realpathSync, renameSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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
import { startChild, together } from '../images/child.js';
import { applyOwnership, parseOwnership } from './chown-chmod.js';
import { mergeInto } from './merge.js';
import { ensureFolder, isFolder, resolveInTree } from './resolve.js';

/**
 * Options of cp(1). An existing file is removed instead of opened: it may be a link out of the
 * tree.
 */
export const CP_OPTIONS = [
  '--archive',
  '--one-file-system',
  '--sparse=always',
  '--remove-destination',
];

/**
 * Copies a file to `to` in the tree (into it, if it is a folder or the path ends in `/`), or a
 * folder's content into the folder `to`. An existing folder keeps its owner and mode and receives
 * the new files; mounts below `from` are skipped. The copy is first made in a staging folder inside
 * the tree, so that an error or an interruption leaves nothing behind.
 *
 * @param notes see `withStaging`; absent for a tree that is itself unfinished
 * @throws UserError if `from` does not exist, or `mode` or `owner` cannot be parsed
 */
export async function copyInto(
  from: BytePath,
  tree: BytePath,
  to: BytePath,
  { notes, ...how }: { mode?: string; owner?: string; notes?: string } = {},
): Promise<void> {
  const marks = parseOwnership(how);
  const source = realSource(from);
  const whole = statSync(raw(source)).isDirectory();
  const { folder: path, name } = whole
    ? { folder: ensureFolder(tree, to), name: undefined }
    : targetOf(asBytes(basename(from)), tree, to);
  const names = whole ? namesIn(source) : [asBytes(basename(source))];
  if (names.length === 0) return;
  const [reading, folder] = [
    openFolder(whole ? source : asBytes(dirname(source))),
    openFolder(path),
  ];
  try {
    await withStaging(folder, notes, async (staging) => {
      await copyNames(reading, names, staging, `copy ${shown(from)}`);
      if (name !== undefined && name !== names[0]) {
        renameSync(within(staging, names[0] as BytePath), within(staging, name));
      }
      for (const each of namesIn(staging.path)) {
        await applyOwnership(asBytes(`${staging.path}/${each}`), marks);
      }
      const at = asBytes(path.slice(tree.length) || '/');
      await mergeInto(staging, { folder, at, tree, notes });
    });
  } finally {
    reading.close();
    folder.close();
  }
}

function realSource(from: BytePath): BytePath {
  try {
    return realpathSync.native(raw(from), 'latin1') as BytePath;
  } catch {
    throw new UserError(`cannot copy ${shown(from)}: no such file or folder`);
  }
}

function targetOf(name: BytePath, tree: BytePath, to: BytePath) {
  const { path } = resolveInTree(tree, to);
  if (to.endsWith('/') || isFolder(asBytes(join(tree, path)))) {
    return { folder: ensureFolder(tree, to), name };
  }
  return { folder: ensureFolder(tree, asBytes(dirname(to))), name: asBytes(basename(to)) };
}

/**
 * Names, which need not be UTF-8, are passed through a pipe; xargs(1) turns them into arguments.
 */
async function copyNames(
  source: OpenFolder,
  names: readonly BytePath[],
  to: OpenFolder,
  purpose: string,
): Promise<void> {
  const cp = ['cp', ...CP_OPTIONS, `--target-directory=${to.path}`, '--'];
  const child = startChild('xargs', ['--null', '--no-run-if-empty', ...cp], {
    purpose,
    enter: ['env', `--chdir=${source.path}`],
  });
  child.stdout.resume();
  child.stdin.end(raw(names.map((name) => `${name}\0`).join('') as BytePath));
  await together(child.ended);
}

const namesIn = (path: BytePath) => readdirSync(raw(path), 'latin1') as BytePath[];
