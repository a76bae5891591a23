import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { release } from 'node:os';
import { dirname } from 'node:path';
import { causeOf, messageOf, UserError } from '../../../model/errors.js';
import type { PoolMarker } from '../../../model/pool.js';
import { explainDiskFull } from '../disks/copies.js';
import { backingFile, readMounts } from '../disks/mount-table.js';
import { readText } from '../files/read.js';
import { findProgram, packageOf } from '../process/programs.js';
import { LONG, run } from '../process/run.js';

/** https://docs.kernel.org/filesystems/xfs/: the first fields of the superblock, at the beginning. */
const MAGIC = 'XFSB';
const UUID_AT = 32;

/** A mounted pool. */
export interface MountedPool {
  /** What is mounted, as `/dev/loop3`. */
  device: string;
  /** The file behind a loop device. */
  file: string | undefined;
}

/** The XFS that is mounted over a root; undefined if the root is a folder like any other. */
export function poolAt(root: string): MountedPool | undefined {
  const mount = readMounts().findLast(({ path }) => path === root);
  if (mount?.type !== 'xfs' || !mount.source.startsWith('/dev/')) return undefined;
  const name = mount.source.slice('/dev/'.length);
  // a loop device that ends with its mount is ours; any other is a device like a disk
  const isOwn = readText(`/sys/block/${name}/loop/autoclear`)?.trim() === '1';
  return { device: mount.source, file: isOwn ? backingFile(mount.source) : undefined };
}

/** In a mount namespace of its own, in which the mount over the root is taken away. */
const READ_BELOW = `
my ($root, $name) = @ARGV;
system('umount', '--lazy', '--', $root) == 0 or exit 2;
open(my $file, '<', "$root/$name") or exit 1;
print <$file>;`;

/** The text of a file in the folder below the mount; undefined if there is none. */
export async function readBelow(root: string, name: string): Promise<string | undefined> {
  const args = ['--mount', '--propagation', 'private', '--', 'perl', '-e', READ_BELOW, '--'];
  const { code, stdout, stderr } = await run('unshare', [...args, root, name], { reject: false });
  if (code === 0) return stdout;
  if (code === 1) return undefined;
  throw new Error(`cannot look below the mount on ${root}: ${stderr || `exit code ${code}`}`);
}

/** @throws UserError if a program is missing, or the kernel does not know XFS */
export function requireXfs(...programs: string[]): void {
  const missing = programs.filter((name) => !findProgram(name));
  if (missing.length > 0) {
    throw new UserError(
      `cannot make or change a pool: not installed: ${missing.join(', ')}`,
      `apt-get install ${[...new Set(missing.map(packageOf))].join(' ')}`,
    );
  }
  if (/^\s*xfs$/m.test(readText('/proc/filesystems') ?? '')) return;
  const modules = readText(`/lib/modules/${release()}/modules.dep`) ?? '';
  if (/\/xfs\.ko/.test(modules)) return;
  throw new UserError(
    `cannot make a pool: the kernel ${release()} does not know XFS`,
    'modprobe xfs   # or a kernel that has it, as those of Debian',
  );
}

/** Creates the file of a pool. @throws UserError if there is one already */
export async function allocatePool(
  file: string,
  size: number,
  preallocated: boolean,
): Promise<void> {
  const handle = await open(file, 'wx', 0o600).catch((error: unknown) => {
    throw new UserError(`cannot create ${file}: ${causeOf(error)}`);
  });
  try {
    await handle.truncate(size);
  } catch (error) {
    throw new UserError(`cannot make ${file} that large: ${causeOf(error)}`);
  } finally {
    await handle.close();
  }
  if (preallocated) await allocateAll(file, size);
}

/** fallocate(1): the blocks are reserved, and read as zeros. */
async function allocateAll(file: string, size: number): Promise<void> {
  const args = ['--length', String(size), '--', file];
  const purpose = `allocate ${file}`;
  await run('fallocate', args, { purpose, timeout: LONG }).catch((error: unknown) =>
    explainDiskFull(error, file),
  );
}

/**
 * Makes an XFS whose files can share blocks. Sectors of 4 KiB, so that every disk below can be written
 * directly.
 *
 * @param size bytes; absent: all there is
 * @param force also where there is a file system already
 */
export async function makeXfs(
  path: string,
  uuid: string,
  { size, force = false, keep = false }: { size?: number; force?: boolean; keep?: boolean } = {},
): Promise<void> {
  const sized = size === undefined ? [] : ['-d', `size=${size}`];
  const args = ['-q', '-m', `reflink=1,uuid=${uuid}`, '-s', 'size=4096', ...sized];
  // -K: discarding would free again what was allocated
  const flags = [...(force ? ['-f'] : []), ...(keep ? ['-K'] : [])];
  const purpose = `make a file system in ${path}`;
  await run('mkfs.xfs', [...args, ...flags, '--', path], { purpose, timeout: LONG });
}

/** The UUID of an XFS in a file or on a device; undefined if there is none, or nothing at all. */
export function xfsUuid(path: string): string | undefined {
  const block = beginningOf(path);
  if (block?.toString('latin1', 0, 4) !== MAGIC) return undefined;
  const hex = block.toString('hex', UUID_AT, UUID_AT + 16);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Whether a file has nothing yet where file systems have their superblock. */
export const isBlank = (path: string) => beginningOf(path)?.every((byte) => byte === 0) ?? false;

/** Undefined if it cannot be read. */
function beginningOf(path: string): Buffer | undefined {
  const block = Buffer.alloc(4096);
  try {
    const fd = openSync(path, 'r');
    try {
      readSync(fd, block, 0, block.length, 0);
      return block;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** What blkid(8) finds on a device, as `ext4` or `gpt`; undefined if it finds nothing. */
export async function signatureOf(device: string): Promise<string | undefined> {
  const args = ['--probe', '--output', 'export', '--', device];
  const { code, stdout } = await run('blkid', args, {
    purpose: `look at ${device}`,
    reject: false,
  });
  // blkid(8): 2 if nothing was found, 8 if there are several
  if (code === 2) return undefined;
  return /^(?:TYPE|PTTYPE)=(.+)$/m.exec(stdout)?.[1] ?? 'something';
}

/**
 * Mounts a pool's file system on a folder, which is created. A file that already has a loop device is
 * mounted through that one: two would write to it without knowing of each other.
 *
 * @throws UserError if the file or device is gone, or is another one
 */
export async function mountXfs(
  { root, uuid, source, preallocated }: PoolMarker,
  dir: string,
): Promise<void> {
  const path =
    'file' in source ? fileOf(source.file, root, uuid) : await deviceOf(source.device, root, uuid);
  const attached = 'file' in source ? loopDeviceOf(path) : undefined;
  // what is removed in a sparse file gives its room back to the disk below
  const discard = 'file' in source && !preallocated ? ['discard'] : [];
  const loop = 'file' in source && attached === undefined ? ['loop'] : [];
  const options = ['nodev', 'nosuid', ...discard, ...loop].join(',');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const args = ['-t', 'xfs', '-o', options, '--', attached ?? path, dir];
  try {
    await run('mount', args, { purpose: `mount the pool of ${root}`, timeout: LONG });
  } catch (error) {
    if (dir !== root) throw error;
    throw new UserError(messageOf(error), [
      `Nothing of ${root} can be used until it is mounted, and nothing was changed.`,
      `If its file system is damaged, look with: xfs_repair -n ${path}`,
    ]);
  }
  const mounted = poolAt(dir);
  if (!mounted)
    throw new Error(`cannot mount the pool of ${root}: it is not on ${dir} although mount said so`);
  // where the disk below cannot, it stays buffered
  if (mounted.file !== undefined) {
    await run('losetup', ['--direct-io=on', mounted.device], { reject: false });
  }
}

function fileOf(file: string, root: string, uuid: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) throw gone(root, file);
  if (xfsUuid(file) === uuid) return file;
  throw strange(root, file);
}

/** Devices are renamed when others come or go: the UUID counts. */
async function deviceOf(device: string, root: string, uuid: string): Promise<string> {
  for (const each of [`/dev/disk/by-uuid/${uuid}`, device]) {
    if (xfsUuid(each) === uuid) return each;
  }
  const { stdout } = await run('blkid', ['--uuid', uuid], { reject: false });
  if (xfsUuid(stdout) === uuid) return stdout;
  throw existsSync(device) ? strange(root, device) : gone(root, device);
}

const gone = (root: string, path: string) =>
  new UserError(`cannot mount the pool of ${root}: ${path} is gone`, [
    `Everything of ${root} is in there; the folder below it is not used instead.`,
    'Bring it back to where it was, and run the command again.',
  ]);

const strange = (root: string, path: string) =>
  new UserError(
    `cannot mount the pool of ${root}: what is on ${path} is not its file system`,
    `Bring back what was there; ${root} is not used without it.`,
  );

/** The loop device that a file has, in whatever mount namespace it is mounted. */
export function loopDeviceOf(file: string): string | undefined {
  const names = readdirSync('/sys/block').filter((name) => name.startsWith('loop'));
  const name = names.find((each) => backingFile(`/dev/${each}`) === file);
  return name === undefined ? undefined : `/dev/${name}`;
}

/**
 * Grows a mounted pool. Can be repeated when it was cut off.
 *
 * @param size of the file in bytes, or of the file system on a device; absent: all of the device
 */
export async function growXfs(
  root: string,
  { device, file }: MountedPool,
  { size, preallocated = false }: { size?: number; preallocated?: boolean },
): Promise<void> {
  const purpose = `grow the pool of ${root}`;
  if (file !== undefined && size !== undefined) {
    if ((await stat(file)).size < size) {
      const handle = await open(file, 'r+');
      await handle.truncate(size).finally(() => handle.close());
    }
    if (preallocated) await allocateAll(file, size);
    await run('losetup', ['--set-capacity', device], { purpose });
  }
  const blocks =
    file === undefined && size !== undefined ? ['-D', String(Math.floor(size / BLOCK))] : ['-d'];
  await run('xfs_growfs', [...blocks, root], { purpose, timeout: LONG });
}

/** Bytes; mkfs.xfs(8) makes blocks of 4 KiB. */
const BLOCK = 4096;

/** The folder that will have a file exists. @throws UserError */
export function requireFolderOf(file: string): void {
  const dir = dirname(file);
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new UserError(`cannot create ${file}: there is no folder ${dir}`);
}
