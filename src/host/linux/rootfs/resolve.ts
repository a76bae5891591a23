import { chmodSync, lstatSync, mkdirSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { asBytes, type BytePath, raw, shown } from '../files/open-folder.js';

export interface Resolved {
  /** Where the path leads, below `root`, without a link left in it; its end need not exist. */
  path: BytePath;
  /** The links on the way, below `root`. */
  links: BytePath[];
}

/** As the kernel: path_resolution(7), "Maximum number of symbolic links". */
const MOST_LINKS = 40;

/**
 * Resolves a path as a process whose root is `root` would, component by component. Nobody else may
 * write in the tree meanwhile.
 *
 * @throws Error when a `..` leads above the root, or links lead in circles
 */
export function resolveInTree(root: BytePath, path: BytePath): Resolved {
  const links: BytePath[] = [];
  const rest = componentsOf(path);
  let at = '/' as BytePath;
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '..') {
      if (at === '/') throw new Error(`cannot follow ${shown(path)}: it leads out of the tree`);
      at = asBytes(dirname(at));
      continue;
    }
    const next = asBytes(join(at, name));
    const target = linkTarget(asBytes(join(root, next)));
    if (target === undefined) {
      at = next;
      continue;
    }
    links.push(next);
    if (links.length > MOST_LINKS) {
      throw new Error(`cannot follow ${shown(path)}: too many links`);
    }
    if (isAbsolute(target)) at = '/' as BytePath;
    rest.unshift(...componentsOf(target));
  }
  return { path: at, links };
}

/** The host path of a folder of the tree, made with its parents (root's, mode 0755) where missing. */
export function ensureFolder(tree: BytePath, path: BytePath): BytePath {
  let at = tree;
  for (const name of componentsOf(resolveInTree(tree, path).path)) {
    at = asBytes(join(at, name));
    if (statOf(at)) continue;
    mkdirSync(raw(at));
    chmodSync(raw(at), 0o755);
  }
  return at;
}

/** What is at a path, links not followed; undefined for nothing. */
export function statOf(path: BytePath): Stats | undefined {
  try {
    return lstatSync(raw(path));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

export const isFolder = (path: BytePath): boolean => statOf(path)?.isDirectory() ?? false;

function linkTarget(path: BytePath): BytePath | undefined {
  return statOf(path)?.isSymbolicLink()
    ? (readlinkSync(raw(path), 'latin1') as BytePath)
    : undefined;
}

const componentsOf = (path: BytePath) =>
  path.split('/').filter((name) => name !== '' && name !== '.') as BytePath[];

const isAbsent = (error: unknown) =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
