import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { poll } from '../../../model/poll.js';
import { LONG, run } from '../process/run.js';
import { splitWork } from '../process/split-work.js';
import { backingFile, type Mount, readMounts } from './mount-table.js';
import { checkComplete, damagedError, hasErrors } from './superblock.js';

/** A hostile superblock may request a panic on error; this mount option overrides it. */
const OPTIONS = 'loop,nodev,nosuid,errors=remount-ro';

/** Milliseconds until the kernel has released a loop device. */
const RELEASE_TIMEOUT = 5000;

/**
 * Loop-mounts an ext4 file. @throws UserError for a truncated file, Error if it is mounted
 * elsewhere
 */
export async function ensureMounted(file: string, dir: string): Promise<void> {
  const there = mountAt(dir);
  if (there && backingFile(there.source) === file) return;
  if (there) throw new Error(`cannot mount ${file}: ${there.source} is mounted on ${dir}`);
  const elsewhere = readMounts().find(({ source }) => backingFile(source) === file);
  if (elsewhere) throw new Error(`cannot mount ${file}: it is mounted on ${elsewhere.path}`);
  await checkComplete(file);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await mountChecked(file, dir);
  const mounted = mountAt(dir);
  if (!mounted || backingFile(mounted.source) !== file) {
    throw new Error(`cannot mount ${file}: it is not on ${dir} although mount said so`);
  }
}

/** Repairs the effects of a host crash if the kernel asks for it or refuses to mount. */
async function mountChecked(file: string, dir: string): Promise<void> {
  const args = ['-t', 'ext4', '-o', OPTIONS, '--', file, dir];
  const purpose = `mount ${file}`;
  if (!(await hasErrors(file))) {
    const { code } = await run('mount', args, { purpose, reject: false });
    if (code === 0) return;
  }
  // e2fsck(8): 1 means that it repaired something, 4 that it would have to ask.
  const { code, stdout } = await run('e2fsck', ['-p', file], {
    purpose,
    reject: false,
    tail: true,
    timeout: LONG,
  });
  if (code > 1)
    throw damagedError(file, `e2fsck -p cannot repair it: ${stdout.split('\n').at(-1)}`);
  await run('mount', args, { purpose });
}

/**
 * Unmounts a folder and removes it. Removal also unmounts copies of the mount in other mount
 * namespaces (mount_namespaces(7): since Linux 3.18). A busy mount is unmounted lazily: it ends
 * with its last user, and so does its loop device.
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
 * Same for any number of folders, by few programs: one result each, in order. What they leave is
 * unmounted alone, which yields its error.
 */
export async function unmountAll(dirs: readonly string[]): Promise<(Error | undefined)[]> {
  const wanted = new Set(dirs);
  const files = new Map(
    readMounts()
      .filter(({ path }) => wanted.has(path))
      .map(({ path, source }) => [path, { device: source, file: backingFile(source) }]),
  );
  const umount = (lane: string[]) =>
    run('umount', ['--', ...lane], { purpose: 'unmount disks', reject: false });
  if (files.size > 1) await Promise.all(splitWork([...files.keys()]).map(umount));
  const left = new Set(readMounts().map(({ path }) => path));
  return Promise.all(
    dirs.map(async (dir) => {
      try {
        const { device, file } = files.get(dir) ?? { device: '', file: undefined };
        if (left.has(dir)) await ensureUnmounted(dir);
        else await removeFolder(dir);
        await released(device, file);
        return undefined;
      } catch (error) {
        return error as Error;
      }
    }),
  );
}

/**
 * Waits until no loop device has the file open: until then its file system may be written to.
 *
 * @throws Error if one still has it after some seconds
 */
export async function ensureReleased(file: string): Promise<void> {
  for (const name of await readdir('/sys/block')) {
    if (await released(`/dev/${name}`, file)) continue;
    throw new Error(
      `cannot finish ${file}: /dev/${name} still has it open, though it is unmounted`,
    );
  }
}

/** The last of several mounts stacked on a path is the visible one. */
const mountAt = (dir: string): Mount | undefined =>
  readMounts().findLast(({ path }) => path === dir);

/** The kernel detaches the device (autoclear) a moment after its last use; false if it does not. */
async function released(device: string, file: string | undefined): Promise<boolean> {
  if (file === undefined) return true;
  const isReleased = () => backingFile(device) !== file;
  return poll(isReleased, { limit: RELEASE_TIMEOUT, pause: 1, maxPause: 50 });
}

/**
 * If somebody unmounts a disk right before a start, the runtime creates its empty mount points in
 * the bare folder. Everything else in it is not ours to remove.
 */
async function removeFolder(dir: string): Promise<void> {
  if (existsSync(dir) && readdirSync(dir).length > 0) await clearEmpty(dir);
  try {
    await rmdir(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/**
 * Deletes empty files, and folders that hold nothing else: find(1) visits a folder's content first.
 */
async function clearEmpty(dir: string): Promise<void> {
  const what = ['-xdev', '-mindepth', '1', '-empty', '-delete'];
  await run('find', [dir, ...what], { purpose: `clear ${dir}`, timeout: LONG });
}
