import { chmod, lstat, mkdir, readlink } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';

export interface Followed {
  /** Where the path leads, below `root`, without a link left in it; its end need not exist. */
  path: string;
  /** The links on the way, below `root`. */
  links: string[];
}

/** As the kernel: path_resolution(7), "Maximum number of symbolic links". */
const MOST_LINKS = 40;

/**
 * Follows a path as a process whose root is `root` would, component by component. Nobody else may
 * write in the tree meanwhile.
 *
 * @throws Error when a `..` leads above the root, or links lead in circles
 */
export async function follow(root: string, path: string): Promise<Followed> {
  const links: string[] = [];
  const rest = componentsOf(path);
  let at = '/';
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '..') {
      if (at === '/') throw new Error(`cannot follow ${path}: it leads out of the tree`);
      at = dirname(at);
      continue;
    }
    const next = join(at, name);
    const target = await linkTarget(join(root, next));
    if (target === undefined) {
      at = next;
      continue;
    }
    links.push(next);
    if (links.length > MOST_LINKS) throw new Error(`cannot follow ${path}: too many links`);
    if (isAbsolute(target)) at = '/';
    rest.unshift(...componentsOf(target));
  }
  return { path: at, links };
}

/** The host path of a folder of the tree, made with its parents (root's, mode 0755) where missing. */
export async function ensureFolder(tree: string, path: string): Promise<string> {
  const { path: inside } = await follow(tree, path);
  let at = tree;
  for (const name of componentsOf(inside)) {
    at = join(at, name);
    if (await kindOf(at)) continue;
    await mkdir(at);
    await chmod(at, 0o755);
  }
  return at;
}

/** What is at a path, links not followed. */
export async function kindOf(path: string): Promise<'folder' | 'link' | 'other' | undefined> {
  try {
    const found = await lstat(path);
    if (found.isDirectory()) return 'folder';
    return found.isSymbolicLink() ? 'link' : 'other';
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

async function linkTarget(path: string): Promise<string | undefined> {
  return (await kindOf(path)) === 'link' ? readlink(path) : undefined;
}

const componentsOf = (path: string) =>
  path.split('/').filter((name) => name !== '' && name !== '.');

const isAbsent = (error: unknown) =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
