import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, UserError } from '../model/errors.js';
import { type InstallPaths, installPaths } from '../model/install-paths.js';
import { digest } from '../model/json.js';
import { poolMarkerFile } from '../model/pool.js';

/**
 * Binds a root to a host and a path. Facts in the tables (processes, interfaces, mounts) are valid
 * only there: a copy that trusted them would stop and remove the original's resources.
 */
export interface Binding {
  /** The root's path without links; its tag is derived from it. */
  root: string;
  /** A digest of machine-id(5), which is confidential; empty on a host without one. */
  machine: string;
  /** Inode of the root's folder: a copy has another one, a second mount has the same. */
  inode: string;
  /**
   * Key of the digests of secrets, hexadecimal: the state alone tells nothing of them. Roots of
   * release 0.2 have none.
   */
  key?: string;
}

/** Written by the first run that writes; roots of release 0.1 have none. */
export const bindingFile = (root: string) => join(root, 'host.json');

/**
 * The installation at a root. A root reached by another path, such as a bind mount, is the same
 * installation under the path it was bound to.
 *
 * @param root absolute, without links
 * @throws UserError for a root that was copied, moved, restored, or created on another host, and for one
 *   whose pool is not mounted
 */
export function locateInstallation(root: string): InstallPaths {
  refuseUnmounted(root);
  const binding = readBinding(root);
  if (!binding) return installPaths(root);
  const strange = bindingMismatch(root, binding);
  if (strange === undefined) return installPaths(binding.root);
  throw new UserError(`cannot use ${root}: ${strange}`, [
    "Its rows may be of another host. To make it this host's own, which leaves alone",
    'what runs of another root, and has the next apply start its containers again:',
    `baleine state adopt --root ${root}`,
  ]);
}

/** Whether a root has a pool that is not mounted: its folder only looks empty. */
export const hasUnmountedPool = (root: string) => existsSync(poolMarkerFile(root));

/** Why the pools of roots could not be mounted, for the error of whoever needs the root. */
const failures = new Map<string, Error>();

/** Records it: not every command needs the root, and one from cron reports failures in its own way. */
export function noteUnmounted(root: string, failure: Error): void {
  failures.set(root, failure);
}

/** @throws Error if the pool of a root is not mounted */
export function refuseUnmounted(root: string): void {
  if (!hasUnmountedPool(root)) return;
  throw failures.get(root) ?? new UserError(`cannot use ${root}: its pool is not mounted`);
}

const isKey = (key: unknown) => typeof key === 'string' && /^[0-9a-f]{64}$/.test(key);

/** Why a root does not match its binding; undefined if it does. */
export function bindingMismatch(
  root: string,
  { machine, inode, ...bound }: Binding,
): string | undefined {
  const here = machineOf();
  if (machine !== '' && here !== '' && machine !== here) return 'it was made on another host';
  if (inodeOf(root) === inode && (bound.root === root || isSameFolder(bound.root, root))) {
    return undefined;
  }
  if (bound.root !== root) return `it is a copy of ${bound.root}, or was moved from there`;
  return 'it is another folder than it was, as after a backup was restored';
}

/** Undefined for a root that is not bound yet. */
export function readBinding(root: string): Binding | undefined {
  const path = bindingFile(root);
  try {
    const { root: at, machine, inode, key } = JSON.parse(readFileSync(path, 'utf8'));
    if ([at, machine, inode].every((each) => typeof each === 'string')) {
      return { root: at, machine, inode, ...(isKey(key) && { key }) };
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (!(error instanceof SyntaxError)) {
      throw new UserError(`cannot read ${path}: ${messageOf(error)}`);
    }
  }
  throw new UserError(
    `cannot trust ${path}: it was cut or edited`,
    `To bind the root to this host again: baleine state adopt --root ${root}`,
  );
}

/** The binding of a root here and now. */
export function bindingOf(root: string): Binding {
  return { root, machine: machineOf(), inode: inodeOf(root) ?? '' };
}

function machineOf(): string {
  try {
    const id = readFileSync('/etc/machine-id', 'utf8').trim();
    // empty, or this word, on an image that was never booted
    return /^[0-9a-f]{32}$/.test(id) ? digest(`baleine:${id}`, 32) : '';
  } catch {
    return '';
  }
}

function inodeOf(path: string): string | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino.toString();
}

/** Whether both paths lead to the same folder. */
export function isSameFolder(path: string, other: string): boolean {
  const [a, b] = [path, other].map((each) =>
    statSync(each, { bigint: true, throwIfNoEntry: false }),
  );
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

/**
 * A root without links, so that one folder is one installation whatever path leads to it. Folders that
 * do not exist yet keep their names.
 *
 * @throws UserError for a path that not every program we start accepts
 */
export function resolveRoot(root: string): string {
  const path = withoutLinks(resolve(root));
  const wrong = UNSAFE_ROOTS.find(([pattern]) => pattern.test(path));
  if (!wrong) return path;
  throw new UserError(
    `cannot use ${JSON.stringify(path)} as --root: ${wrong[1]}`,
    'Choose a path without that; all else is allowed.',
  );
}

const UNSAFE_ROOTS: [RegExp, string][] = [
  [/\p{Cc}/u, 'there are line breaks or other control characters in it'],
  [/\?/, 'e2fsck and mkfs.ext4 take what follows a ? for options'],
  [/\ufffd/, 'it is not UTF-8'],
];

function withoutLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(withoutLinks(parent), basename(path));
  }
}
