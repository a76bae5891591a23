import { lstat, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../model/errors.js';
import { LONG, run } from './process/run.js';
import { ensureFolder, follow, kindOf } from './trees-path.js';
import { type Stamp, stamp, stampOf } from './trees-stamp.js';

/** As in cp(1). An existing file is removed, not opened: it may be a link out of the tree. */
export const CP = ['--archive', '--one-file-system', '--sparse=always', '--remove-destination'];

/** Names in one command line, well below the kernel's limit of 2 MiB (execve(2), E2BIG). */
const MOST_NAMES = 1000;

/**
 * Copies a file to `to` in the tree (into it, when a folder is there or the path ends in `/`), or
 * a folder's content into the folder `to`. A folder that is already there keeps its owner and mode
 * and takes the new files in; what is mounted below `from` is left out.
 *
 * @throws UserError when `from` is not there, or `mode` or `owner` cannot be read
 */
export async function copyInto(
  from: string,
  tree: string,
  to: string,
  how: { mode?: string; owner?: string } = {},
): Promise<void> {
  const marks = stampOf(how);
  const source = await realSource(from);
  if ((await lstat(source)).isDirectory()) {
    await merge(source, tree, to, marks);
  } else {
    await copyFile(source, await targetOf(basename(from), tree, to), marks);
  }
}

async function realSource(from: string): Promise<string> {
  try {
    return await realpath(from);
  } catch {
    throw new UserError(`cannot copy ${from}: no such file or folder`);
  }
}

async function targetOf(name: string, tree: string, to: string): Promise<string> {
  const { path } = await follow(tree, to);
  const into = to.endsWith('/') || (await kindOf(join(tree, path))) === 'folder';
  if (into) return join(await ensureFolder(tree, to), name);
  return join(await ensureFolder(tree, dirname(to)), basename(to));
}

async function copyFile(source: string, target: string, marks: Stamp): Promise<void> {
  await run('cp', [...CP, '--no-target-directory', '--', source, target], { timeout: LONG });
  await stamp(target, marks);
}

/** Goes down only where both sides have a folder; all the rest of a level is one cp. */
async function merge(source: string, tree: string, to: string, marks: Stamp): Promise<void> {
  const target = await ensureFolder(tree, to);
  const fresh: string[] = [];
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const path = join(to, entry.name);
    if (entry.isDirectory() && (await isFolder(tree, path))) {
      await merge(join(source, entry.name), tree, path, marks);
    } else {
      fresh.push(entry.name);
    }
  }
  for (let first = 0; first < fresh.length; first += MOST_NAMES) {
    const names = fresh.slice(first, first + MOST_NAMES);
    await run('cp', [...CP, `--target-directory=${target}`, '--', ...names], {
      cwd: source,
      timeout: LONG,
    });
  }
  for (const name of fresh) await stamp(join(target, name), marks);
}

async function isFolder(tree: string, path: string): Promise<boolean> {
  const { path: inside } = await follow(tree, path);
  return (await kindOf(join(tree, inside))) === 'folder';
}
