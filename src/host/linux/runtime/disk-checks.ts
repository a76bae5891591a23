import { lstatSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { UserError } from '../../../model/errors.js';
import type { ContainerSpec, MountSpec } from '../../../model/specs.js';
import { ifThere } from '../files/read.js';
import { resolveInRootfs } from '../rootfs/resolve.js';
import { checkMapped, resolveUser, type User } from './users.js';

/** Mount points of the runtime: on the disk they must be plain folders. */
const RUNTIME_FOLDERS = ['/dev', '/proc', '/sys'];

/**
 * Checks in a tree whether a container can be started from it.
 *
 * @returns the user that it runs as
 * @throws UserError for anything missing, or anything that would reach the host or hide kernel
 *   files
 */
export function checkDisk(tree: string, spec: ContainerSpec): User {
  checkTree(tree);
  checkWorkingDir(tree, spec.working_dir, spec.mounts);
  checkTargets(tree, spec);
  const user = resolveUser(tree, spec.user, spec.group_add);
  if (spec.userns) checkMapped(user, spec.user, spec.userns);
  return user;
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

/** Our own files that are bind-mounted into every container. */
const OWN_FILES = ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];

/**
 * Rejects mount targets that lead, through links of the image or of a volume, to kernel file
 * systems or to the root itself: crun would cover /proc. Also rejects folders on files and files on
 * folders.
 */
export function checkTargets(
  tree: string,
  {
    mounts,
    tmpfs = [],
    secrets = [],
    configs = [],
  }: Pick<ContainerSpec, 'mounts'> & Partial<Pick<ContainerSpec, 'tmpfs' | 'secrets' | 'configs'>>,
  own: readonly string[] = OWN_FILES,
): void {
  const files = [...own, ...[...secrets, ...configs].map(({ target }) => target)];
  const memory = tmpfs.map((each) => each.split(':')[0] ?? '');
  for (const { source, target } of mounts) {
    const folder = ifThere(() => statSync(source))?.isDirectory();
    checkTarget(tree, target, othersOf(mounts, target), folder);
  }
  for (const target of memory) checkTarget(tree, target, othersOf(mounts, target), true);
  for (const target of files) {
    if (!mounts.some((each) => at(each.target) === target))
      checkTarget(tree, target, mounts, false);
  }
}

const at = (target: string) => posix.resolve('/', target);

const othersOf = (mounts: MountSpec[], target: string) =>
  mounts.filter((each) => at(each.target) !== at(target));

/** @param folder whether the mount's source is a folder; undefined if unknown */
function checkTarget(
  tree: string,
  target: string,
  others: MountSpec[],
  folder: boolean | undefined,
): void {
  // a link may lead to a place with another mount
  for (const mounts of [[], others]) {
    const resolved = resolveInRootfs(tree, target, mounts);
    const kernels = RUNTIME_FOLDERS.some((each) => `${resolved}/`.startsWith(`${each}/`));
    if (resolved !== '/' && (!kernels || resolved === '/dev/shm')) continue;
    throw new UserError(
      `cannot mount anything on ${target}: it leads to ${resolved}`,
      'Something in the image or in a volume is a link there: choose another target.',
    );
  }
  const covered = others.some((each) => `${at(target)}/`.startsWith(`${at(each.target)}/`));
  const found = covered ? undefined : kindAt(join(tree, resolveInRootfs(tree, target)));
  if (found === undefined || folder === undefined || (found === 'folder') === folder) return;
  const [what, there] = folder ? ['a folder', 'no folder'] : ['a file', 'a folder'];
  throw new UserError(`cannot mount ${what} on ${target}: in the image it is ${there}`);
}

function kindAt(path: string): 'folder' | 'other' | undefined {
  const found = ifThere(() => lstatSync(path));
  return found && (found.isDirectory() ? 'folder' : 'other');
}
