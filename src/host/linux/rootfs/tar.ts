import { readdir } from 'node:fs/promises';
import { UserError } from '../../../model/errors.js';
import { fileOrFolder, MEMORY_LIMIT } from '../images/regular.js';
import { LONG, run } from '../process/run.js';
import { runSandboxed } from './sandboxed-exec.js';

/**
 * GNU tar(1) options that preserve a root file system. tar itself ensures that nothing is written
 * outside: it rejects names with `..`, makes absolute names relative, and creates links that lead
 * out only at the end; so never use --absolute-names, --keep-directory-symlink or --dereference.
 * Compression is detected by content, regardless of the name; --force-local since a colon in a name
 * means another host. Of extended attributes, only those that are meaningful inside.
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
 * Unpacks a root file system into an empty tree, without device nodes.
 *
 * @throws UserError if the archive does not exist or is empty; Error if it is damaged, hostile, or
 *   larger than the tree's file system
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
  const [prlimit = '', ...limited] = [...MEMORY_LIMIT, ...args];
  await runSandboxed(prlimit, limited, { ...options, timeout: LONG, tail: true });
  const found = await readdir(tree);
  if (found.every((name) => name === 'lost+found')) {
    throw new UserError(`cannot unpack ${archive}: it holds no files`);
  }
  await removeDevices(tree, options.purpose);
}

/**
 * Removes device nodes from a tree with untrusted content: a container's /dev is created by its
 * runtime, and elsewhere they would give access to the host's devices.
 */
export async function removeDevices(tree: string, purpose: string): Promise<void> {
  const devices = ['(', '-type', 'b', '-o', '-type', 'c', ')', '-delete'];
  await run('find', [tree, '-xdev', ...devices], { purpose, timeout: LONG });
}
