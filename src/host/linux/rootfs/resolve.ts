import { chmodSync, lstatSync, mkdirSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { asBytes, type BytePath, raw, shown } from '../files/open-folder.js';

export interface Resolved {
  /** Target of the path, below `root`, without any links; its end need not exist. */
  path: BytePath;
  /** The links that were followed, below `root`. */
  links: BytePath[];
}

/** Same as the kernel: path_resolution(7), "Maximum number of symbolic links". */
const MAX_LINKS = 40;

/**
 * Resolves a path as a process with the root `root` would, component by component. Nobody else may
 * write to the tree during the call.
 *
 * @throws Error if a `..` leads above the root, or links form a cycle
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
    if (links.length > MAX_LINKS) {
      throw new Error(`cannot follow ${shown(path)}: too many links`);
    }
    if (isAbsolute(target)) at = '/' as BytePath;
    rest.unshift(...componentsOf(target));
  }
  return { path: at, links };
}

/** The host path of a folder in the tree. Missing folders are created (owner root, mode 0755). */
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

/** Stats of a path, without following links; undefined if nothing is there. */
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
