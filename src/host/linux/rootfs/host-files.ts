import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../model/errors.js';
import { bytePath, shown } from '../files/open-folder.js';
import { LONG, run } from '../process/run.js';
import { CP_OPTIONS } from './copy-in.js';
import { librariesOf } from './libraries.js';
import { ensureFolder, resolveInTree, statOf } from './resolve.js';

/** Mount points of a container's runtime, and what programs rely on. */
const FOLDERS = { dev: 0o755, etc: 0o755, proc: 0o555, run: 0o755, sys: 0o555 };
const OPEN_FOLDERS = { root: 0o700, tmp: 0o1777, var: 0o755, 'var/tmp': 0o1777 };

const PASSWD =
  'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n';
const GROUP = 'root:x:0:\nnogroup:x:65534:\n';

/** Links if /usr is merged, otherwise folders. */
const MERGED = ['/bin', '/sbin', '/lib', '/lib64'];

/**
 * Builds a small root file system from the host's files: binaries with the libraries they need,
 * files and folders, all at the host's paths, including links in these paths. A link inside a
 * copied folder is copied as a link; its target must be listed as well.
 *
 * @throws UserError if a listed path does not exist
 */
export async function copyFromHost(
  { binaries, files }: { binaries: string[]; files: string[] },
  tree: string,
): Promise<void> {
  await makeSkeleton(tree);
  await makeMergedLinks(tree);
  const libraries = await Promise.all(binaries.map(librariesOf));
  const wanted = new Set([...binaries, ...libraries.flat(), ...files]);
  const traced = await Promise.all([...wanted].map(trace));
  await copyParents(new Set(traced.flat()), tree);
}

async function makeSkeleton(tree: string): Promise<void> {
  for (const [name, mode] of Object.entries({ ...FOLDERS, ...OPEN_FOLDERS })) {
    const path = join(tree, name);
    await mkdir(path, { recursive: true });
    await chmod(path, mode);
  }
  await writeText(join(tree, 'etc/passwd'), PASSWD);
  await writeText(join(tree, 'etc/group'), GROUP);
}

/** Readable by everyone, regardless of our umask. */
async function writeText(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o644);
}

async function makeMergedLinks(tree: string): Promise<void> {
  for (const name of MERGED) {
    if (!statOf(bytePath(name))?.isSymbolicLink()) continue;
    await copyParents([name], tree);
    ensureFolder(bytePath(tree), bytePath(name));
  }
}

/** Parent folders get the host's owners and modes. */
async function copyParents(paths: Iterable<string>, tree: string): Promise<void> {
  // cp resolves the parents of an absolute name incorrectly (coreutils 9.1).
  const names = [...paths].map((path) => path.slice(1));
  await run('cp', [...CP_OPTIONS, '--parents', '--', ...names, tree], {
    cwd: '/',
    purpose: 'copy from the host',
    timeout: LONG,
  });
}

/** The links in a path, and their targets. */
async function trace(path: string): Promise<string[]> {
  const { links, path: end } = resolveInTree(bytePath('/'), bytePath(path));
  if (!statOf(end)) {
    throw new UserError(
      `cannot copy ${path} from the host: no such file`,
      'Install the package that has it, or take the image from another source.',
    );
  }
  return [...links, end].map(shown);
}
