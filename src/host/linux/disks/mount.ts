import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { LONG, run } from '../process/run.js';
import { backingFile, type Mount, readMounts } from './mount-table.js';
import { checkWhole, damaged, hasErrors } from './superblock.js';

/** A hostile superblock may ask for a panic on error; the option outweighs it. */
const OPTIONS = 'loop,nodev,nosuid,errors=remount-ro';

/** Milliseconds until the kernel has let go of a loop device. */
const PATIENCE = 5000;

/** Loop-mounts an ext4 file. @throws UserError for a file that is cut off, Error when it is mounted elsewhere */
export async function ensureMounted(file: string, dir: string): Promise<void> {
  const there = mountAt(dir);
  if (there && backingFile(there.source) === file) return;
  if (there) throw new Error(`cannot mount ${file}: ${there.source} is mounted on ${dir}`);
  const elsewhere = readMounts().find(({ source }) => backingFile(source) === file);
  if (elsewhere) throw new Error(`cannot mount ${file}: it is mounted on ${elsewhere.path}`);
  await checkWhole(file);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await mountChecked(file, dir);
  const mounted = mountAt(dir);
  if (!mounted || backingFile(mounted.source) !== file) {
    throw new Error(`cannot mount ${file}: it is not on ${dir} although mount said so`);
  }
}

/** What a crash of the host left is mended when the kernel asks for it, or will not mount it. */
async function mountChecked(file: string, dir: string): Promise<void> {
  const args = ['-t', 'ext4', '-o', OPTIONS, '--', file, dir];
  const purpose = `mount ${file}`;
  if (!(await hasErrors(file))) {
    const { code } = await run('mount', args, { purpose, reject: false });
    if (code === 0) return;
  }
  // e2fsck(8): 1 says that it mended something, 4 that it would have to ask.
  const { code, stdout } = await run('e2fsck', ['-p', file], {
    purpose,
    reject: false,
    tail: true,
    timeout: LONG,
  });
  if (code > 1) throw damaged(file, `e2fsck -p cannot mend it: ${stdout.split('\n').at(-1)}`);
  await run('mount', args, { purpose });
}

/**
 * Unmounts what is on a folder, and removes the folder, which unmounts it also where another mount
 * namespace has a copy of the mount (mount_namespaces(7): since Linux 3.18). What is busy is
 * unmounted lazily: it goes when the last user does, and its loop device with it.
 */
export async function ensureUnmounted(dir: string): Promise<void> {
  const waits: { device: string; file: string | undefined }[] = [];
  for (let there = mountAt(dir); there; there = mountAt(dir)) {
    const purpose = `unmount ${dir}`;
    const file = backingFile(there.source);
    const { code } = await run('umount', ['--', dir], { purpose, reject: false });
    if (code === 0) waits.push({ device: there.source, file });
    else if (mountAt(dir)) await run('umount', ['--lazy', '--', dir], { purpose });
  }
  await removeFolder(dir);
  for (const { device, file } of waits) await released(device, file);
}

/**
 * Waits until no loop device has a file: while one has it, its file system may be written to.
 *
 * @throws Error when one has it after some seconds
 */
export async function ensureReleased(file: string): Promise<void> {
  for (const name of await readdir('/sys/block')) {
    if (await released(`/dev/${name}`, file)) continue;
    throw new Error(`cannot finish ${file}: /dev/${name} has it, though it is unmounted`);
  }
}

/** The last of those stacked on a path is the one seen there. */
const mountAt = (dir: string): Mount | undefined =>
  readMounts().findLast(({ path }) => path === dir);

/** The kernel detaches the device (autoclear) a moment after the last use; false when it does not. */
async function released(device: string, file: string | undefined): Promise<boolean> {
  const deadline = performance.now() + PATIENCE;
  for (let pause = 1; file && backingFile(device) === file; pause = Math.min(pause * 2, 50)) {
    if (performance.now() > deadline) return false;
    await sleep(pause);
  }
  return true;
}

/**
 * A disk that somebody unmounted in the moment before a start leaves the folder bare: the runtime
 * made its mount points there, empty ones. Anything else is not ours to remove.
 */
async function removeFolder(dir: string): Promise<void> {
  if (existsSync(dir) && readdirSync(dir).length > 0) await clearEmpty(dir);
  try {
    await rmdir(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Empty files, and folders that hold nothing else: find(1) looks at what is in a folder first. */
async function clearEmpty(dir: string): Promise<void> {
  const what = ['-xdev', '-mindepth', '1', '-empty', '-delete'];
  await run('find', [dir, ...what], { purpose: `clear ${dir}`, timeout: LONG });
}
