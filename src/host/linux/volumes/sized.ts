import { existsSync, lstatSync } from 'node:fs';
import { chmod, mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../model/errors.js';
import { type InstallPaths, volumeFile } from '../../../model/install-paths.js';
import type { NewVolume } from '../../ports.js';
import { linuxDisks } from '../disks/index.js';
import { ensureMounted, ensureReleased, ensureUnmounted } from '../disks/mount.js';
import { backingFile, readMounts } from '../disks/mount-table.js';
import { growMounted, resizeFile } from '../disks/resize.js';
import { sizesOf } from '../disks/superblock.js';
import { fill, give, MODE } from './folder.js';
import { canGrowMounted, sizeProblem } from './size-problem.js';

/** Creates the file of a volume with a size, with its first content, and mounts it. */
export async function createSized(
  paths: InstallPaths,
  path: string,
  how: NewVolume & { size: number },
): Promise<void> {
  await makeFile(volumeFile(path), how.size, async (tree) => {
    await fill(paths, tree, how);
    await give(tree, how);
  });
  await mountVolume(path);
}

/** An empty file system as a program expects it: databases refuse a folder with something in it. */
export async function makeFile(
  file: string,
  size: number,
  work: (tree: string) => Promise<void>,
): Promise<void> {
  await linuxDisks().create(file, size, async (tree) => {
    await rmdir(join(tree, 'lost+found'));
    await chmod(tree, MODE);
    await work(tree);
  });
}

/** Mounts a volume with a size on its folder, checked after a crash of the host. */
export async function mountVolume(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await ensureMounted(volumeFile(path), path);
  await removeLostAndFound(path);
}

/** e2fsck(8) creates the folder again; one with something in it stays for the user to see. */
async function removeLostAndFound(path: string): Promise<void> {
  const folder = join(path, 'lost+found');
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (!found?.isDirectory() || found.uid !== 0 || (found.mode & 0o7777) !== 0o700) return;
  await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY') throw error;
  });
}

/** Grows it in place, or resizes one that nothing uses. */
export async function ensureSize(path: string, size: number): Promise<void> {
  const file = volumeFile(path);
  const before = sizesOf(file);
  if (before?.size === size && before.wanted <= size && before.wanted > size - SLACK) return;
  const device = loopOf(path, file);
  if (device !== undefined && (before?.size ?? 0) <= size && canGrowMounted()) {
    return growMounted(file, device, size);
  }
  const cause = sizeProblem(path, size);
  if (cause !== undefined) throw new UserError(`cannot resize volume ${path}: ${cause}`);
  await ensureUnmounted(path);
  await ensureReleased(file);
  await resizeFile(file, size, file);
}

/** Bytes at the end of a file that ext4 leaves unused: less than what its smallest block group needs. */
const SLACK = 1024 ** 2;

/** The device that has it mounted on its folder. */
function loopOf(path: string, file: string): string | undefined {
  const mount = readMounts().findLast((each) => each.path === path);
  return mount && backingFile(mount.source) === file ? mount.source : undefined;
}

/** The file of a volume with a size that is not mounted; undefined for all others. */
export function unmountedFile(path: string): string | undefined {
  const file = volumeFile(path);
  if (!existsSync(file)) return undefined;
  return readMounts().some((each) => each.path === path) ? undefined : file;
}
