import { readdir } from 'node:fs/promises';
import { UserError } from '../../../model/errors.js';
import { fileOrFolder, LITTLE_MEMORY } from '../images/regular.js';
import { LONG, run } from '../process/run.js';
import { runSealed } from './sandboxed-exec.js';

/**
 * What of GNU tar(1) keeps a root file system as it is. That nothing lands outside is tar's own
 * doing: it refuses names with `..`, makes absolute ones relative, and lets links that lead out
 * wait until all else is unpacked; so never --absolute-names, --keep-directory-symlink,
 * --dereference. Compression goes by content, whatever the name says; --force-local because a
 * colon in a name means another host. Of extended attributes only those with a meaning inside.
 */
export const EXTRACT = [
  '--extract',
  '--force-local',
  '--numeric-owner',
  '--same-owner',
  '--preserve-permissions',
  '--acls',
  '--xattrs',
  '--xattrs-include=user.*',
  '--xattrs-include=security.capability',
];

/**
 * Unpacks a root file system into an empty tree. Device nodes are left out.
 *
 * @throws UserError when the archive is not there or holds nothing; Error when it is damaged,
 *   hostile, or larger than the tree's file system
 */
export async function extractTar(archive: string, tree: string): Promise<void> {
  const { folder } = await fileOrFolder(archive, `unpack ${archive}`);
  if (folder) {
    throw new UserError(
      `cannot unpack ${archive}: it is a folder`,
      'A folder is copied by `from: {directory: …}` or --from-directory.',
    );
  }
  const options = { purpose: `unpack ${archive}` };
  const args = ['tar', ...EXTRACT, `--file=${archive}`, `--directory=${tree}`];
  const [prlimit = '', ...limited] = [...LITTLE_MEMORY, ...args];
  await runSealed(prlimit, limited, { ...options, timeout: LONG, tail: true });
  const found = await readdir(tree);
  if (found.every((name) => name === 'lost+found')) {
    throw new UserError(`cannot unpack ${archive}: it holds no files`);
  }
  await removeDevices(tree, options.purpose);
}

/**
 * Removes device nodes from a tree that a stranger filled: a container's /dev is made by its
 * runtime, and anywhere else they would be a way to the host's devices.
 */
export async function removeDevices(tree: string, purpose: string): Promise<void> {
  const devices = ['(', '-type', 'b', '-o', '-type', 'c', ')', '-delete'];
  await run('find', [tree, '-xdev', ...devices], { purpose, timeout: LONG });
}
