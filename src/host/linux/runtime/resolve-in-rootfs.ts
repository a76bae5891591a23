import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
} from 'node:fs';
import { join, posix } from 'node:path';
import { UserError } from '../../../model/errors.js';
import type { MountSpec } from '../../../model/specs.js';

/** path_resolution(7): the maximum before ELOOP. */
const MAX_LINKS = 40;
/** Maximum bytes of a file on a disk that a stranger may have written. */
const MAX_SIZE = 4 * 1024 * 1024;
/** Mount points of the runtime: on the disk they must be plain folders. */
export const RUNTIME_FOLDERS = ['/dev', '/proc', '/sys'];

/**
 * Resolves a path in a container, following links as the container's processes would: `/` is the
 * tree, and `..` stops there. Components that do not exist are kept.
 */
export function resolveInRootfs(tree: string, path: string, mounts: MountSpec[] = []): string {
  let resolved = '/';
  let links = 0;
  const parts = path.split('/');
  while (parts.length > 0) {
    const next = posix.join(resolved, parts.shift() ?? '');
    const target = linkAt(onHost(tree, next, mounts));
    if (target === undefined) resolved = next;
    else {
      links += 1;
      if (links > MAX_LINKS) throw new UserError(`cannot follow ${path}: too many links`);
      if (target.startsWith('/')) resolved = '/';
      parts.unshift(...target.split('/'));
    }
  }
  return resolved;
}

/**
 * Rejects a tree whose /dev, /proc or /sys is anything but a real folder: runtimes have followed
 * links there and written to the host.
 */
export function checkTree(tree: string): void {
  for (const name of RUNTIME_FOLDERS) {
    const found = lstatSync(join(tree, name), { throwIfNoEntry: false });
    if (found && !found.isDirectory()) {
      throw new UserError(
        `cannot start from this image: its ${name} is not a folder`,
        `Make ${name} an empty folder in the image, or leave it out`,
      );
    }
  }
}

/** Rejects a working directory that leads to the host, such as `/proc/self/fd/7`. */
export function checkWorkingDir(tree: string, path: string, mounts: MountSpec[] = []): void {
  const resolved = resolveInRootfs(tree, path, mounts);
  const folder = RUNTIME_FOLDERS.find((each) => `${resolved}/`.startsWith(`${each}/`));
  if (!path.startsWith('/') || folder) {
    throw new UserError(
      `cannot use working_dir ${path}: it ${folder ? `leads to ${resolved}` : 'is not absolute'}`,
      'Give an absolute path on the container’s own disk or in a volume',
    );
  }
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

function onHost(tree: string, path: string, mounts: MountSpec[]): string {
  const over = mounts
    .map(({ source, target }) => ({ source, target: posix.resolve('/', target) }))
    .filter(({ target }) => `${path}/`.startsWith(`${target}/`))
    .sort((a, b) => b.target.length - a.target.length)[0];
  return over ? join(over.source, path.slice(over.target.length)) : join(tree, path);
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
