import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { UserError } from '../../../model/errors.js';
import type { MountSpec } from '../../../model/specs.js';
import { asBytes, type BytePath, bytePath, raw, shown } from '../files/open-folder.js';

/** Maximum bytes of a file on a disk that a stranger may have written. */
const MAX_SIZE = 4 * 1024 * 1024;

export interface Resolved {
  /** Target of the path, below `root`, without any links; its end need not exist. */
  path: BytePath;
  /** The links that were followed, below `root`. */
  links: BytePath[];
}

interface ResolveOptions {
  /** Effect of `..` at the root: stay there, as in the kernel (`stop`), or fail (the default). */
  above?: 'refuse' | 'stop';
  /** Bind mounts that cover parts of the tree; paths in them resolve to their sources. */
  mounts?: readonly MountSpec[];
}

/** Same as the kernel: path_resolution(7), "Maximum number of symbolic links". */
const MAX_LINKS = 40;

/**
 * Resolves a path as a process with the root `root` would, component by component: no link leads out
 * of the tree, not even one in /proc/PID. Keeps components that do not exist. Nobody else may write
 * to the tree during the call.
 *
 * @throws UserError if links form a cycle, or if `..` leads above the root and `above` is `refuse`
 */
export function resolveInTree(
  root: BytePath,
  path: BytePath,
  { above = 'refuse', mounts = [] }: ResolveOptions = {},
): Resolved {
  const links: BytePath[] = [];
  const rest = componentsOf(path);
  let at = '/' as BytePath;
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '..') {
      if (at === '/' && above === 'refuse') {
        throw new UserError(`cannot follow ${shown(path)}: it leads out of the tree`);
      }
      at = asBytes(dirname(at));
      continue;
    }
    const next = asBytes(join(at, name));
    const target = linkTarget(onHost(root, next, mounts));
    if (target === undefined) {
      at = next;
      continue;
    }
    links.push(next);
    if (links.length > MAX_LINKS) {
      throw new UserError(`cannot follow ${shown(path)}: too many links`);
    }
    if (isAbsolute(target)) at = '/' as BytePath;
    rest.unshift(...componentsOf(target));
  }
  return { path: at, links };
}

/**
 * Same for a path in a container, as text: `/` is the tree, and `..` stays there, as for the
 * container's processes.
 */
export function resolveInRootfs(tree: string, path: string, mounts: MountSpec[] = []): string {
  return shown(resolveInTree(bytePath(tree), bytePath(path), { above: 'stop', mounts }).path);
}

/** Text of a regular file in a tree; undefined if there is none, or it leads out of the tree. */
export function readInRootfs(tree: string, path: string): string | undefined {
  const file = join(tree, resolveInRootfs(tree, path));
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const { size, ...stat } = fstatSync(descriptor);
    const opened = readlinkSync(`/proc/self/fd/${descriptor}`);
    const usable = (stat.mode & constants.S_IFMT) === constants.S_IFREG && size <= MAX_SIZE;
    // The container may have put a link there in between; only the opened file counts.
    const within = opened.startsWith(`${realpathSync(tree)}/`);
    return usable && within ? readFileSync(descriptor, 'utf8') : undefined;
  } finally {
    closeSync(descriptor);
  }
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

/** Undefined for anything but a link, and for a name that no file can have. */
function linkTarget(path: BytePath): BytePath | undefined {
  try {
    return readlinkSync(raw(path), 'latin1') as BytePath;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['EINVAL', 'ENAMETOOLONG'].includes(code) || isAbsent(error)) return undefined;
    throw error;
  }
}

/** Uses the innermost mount that contains the path. */
function onHost(root: BytePath, path: BytePath, mounts: readonly MountSpec[]): BytePath {
  const over = mounts
    .map(({ source, target }) => ({
      source: bytePath(source),
      target: bytePath(resolve('/', target)),
    }))
    .filter(({ target }) => `${path}/`.startsWith(`${target}/`))
    .sort((a, b) => b.target.length - a.target.length)[0];
  return asBytes(over ? join(over.source, path.slice(over.target.length)) : join(root, path));
}

const componentsOf = (path: BytePath) =>
  path.split('/').filter((name) => name !== '' && name !== '.') as BytePath[];

const isAbsent = (error: unknown) =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
