import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { canShareBlocks } from '../../host/linux/disks/reflink.js';
import { replaceFile, syncPath } from '../../host/linux/files/atomic-write.js';
import { allocatedIn, copyRoot, requireRoom, usersOf } from '../../host/linux/pool/contents.js';
import {
  allocatePool,
  isBlank,
  makeXfs,
  mountXfs,
  poolAt,
  requireFolderOf,
  requireXfs,
  signatureOf,
  xfsUuid,
} from '../../host/linux/pool/file-system.js';
import { runCleanup } from '../../host/linux/process/launch.js';
import { run } from '../../host/linux/process/run.js';
import { messageOf, UserError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import { MIN_POOL, type PoolMarker, poolDraftFile, poolMarkerFile } from '../../model/pool.js';
import { bindingFile, bindingOf, readBinding } from '../../state/installation.js';
import { readMarker, writeMarker } from '../../state/pool-marker.js';
import type { Context } from '../context.js';
import { jsonLine } from '../frontend.js';
import type { ChangeOptions } from '../options.js';
import { mountPool, poolWorkDir, releaseWorkDir } from './mount.js';
import { poolStatus } from './status.js';

export interface CreatePoolOptions extends ChangeOptions {
  /** Bytes. Required for a file; on a device, default: all of it. */
  size?: number;
  /** The file of the pool; default: the root's path with `.pool`. */
  file?: string;
  device?: string;
  /** Reserve all of the file's room now. */
  preallocate?: boolean;
}

/** Bytes that a copy may take beyond what it holds: mostly the file system's log. */
const SPARE = 128 * 2 ** 20;

/**
 * Creates a file system whose files share blocks, moves all of a root into it, and mounts it over the
 * root. Until the copy is complete and compared, the root stays as it is; the one rename of the draft to
 * the marker makes the pool count. Whatever follows is finished by the next command if we are killed.
 */
export async function createPool(context: Context, options: CreatePoolOptions): Promise<number> {
  const { root } = context.paths;
  const marker = markerOf(root, options);
  requireXfs('mkfs.xfs', 'xfs_growfs', 'losetup', 'blkid', 'perl');
  const lock = await context.lock({ timeoutMs: options.lockTimeout ?? LOCK_TIMEOUT });
  let used: number;
  try {
    if (poolAt(root)) throw there(root);
    await context.clearStale();
    await abandonDraft(root);
    await refuseUsed(root, 'into a pool');
    await refuseShared(root);
    used = await allocatedIn(root);
    await checkRoom(marker, options, used, (text) => context.frontend.warn(text));
    const isEmpty = used < EMPTY;
    if (!isEmpty) context.frontend.warn(`Moving ${formatBytes(used)} of ${root} into the pool …\n`);
    await writeMarker(root, poolDraftFile(root), marker);
    await context
      .undoable(() => fill(marker, options))
      .catch(async (error: unknown) => {
        await runCleanup(() => abandonDraft(root));
        throw error;
      });
    renameSync(poolDraftFile(root), poolMarkerFile(root));
    await syncPath(root);
    await mountPool(root);
  } finally {
    lock.release({ removeIfEmpty: !poolAt(root) });
  }
  const status = poolStatus(root);
  if (options.json) context.frontend.report(jsonLine(status));
  else context.frontend.report(createdText(marker, used));
  return 0;
}

/** Milliseconds. */
const LOCK_TIMEOUT = 10_000;

/** Bytes: a folder and a lock. */
export const EMPTY = 64 * 1024;

function createdText({ root, source }: PoolMarker, used: number): string {
  const where = 'file' in source ? source.file : source.device;
  const moved = used < EMPTY ? '' : ` Everything was moved there (copied ${formatBytes(used)}).`;
  return `${root} is a pool now, in ${where}.${moved}\n`;
}

/** @throws UserError for options that do not fit together */
function markerOf(
  root: string,
  { size, file, device, preallocate }: CreatePoolOptions,
): PoolMarker {
  const cannot = `cannot create a pool for ${root}`;
  if (size !== undefined && size < MIN_POOL) {
    throw new UserError(`${cannot}: ${formatBytes(size)} are too few`, 'At least 300M.');
  }
  const marker = { root, uuid: randomUUID(), phase: 'moved' as const };
  if (device !== undefined) {
    if (file !== undefined || preallocate) {
      throw new UserError(`${cannot}: --device has no file`, 'Without --file and --preallocate.');
    }
    const path = resolve(device);
    if (statSync(path, { throwIfNoEntry: false })?.isBlockDevice()) {
      return { ...marker, source: { device: path } };
    }
    throw new UserError(`${cannot}: ${path} is no block device`);
  }
  if (size === undefined)
    throw new UserError(`${cannot}: how large?`, 'Add --size, as in --size 50G.');
  const path = resolve(file ?? `${root}.pool`);
  if (path === root || path.startsWith(`${root}/`)) {
    throw new UserError(`${cannot}: ${path} would be in itself`, 'Choose a --file elsewhere.');
  }
  return {
    ...{ ...marker, source: { file: path } },
    ...(preallocate && { preallocated: true as const }),
  };
}

const there = (root: string) =>
  new UserError(`cannot create a pool for ${root}: it has one`, 'baleine pool status');

/** Undoes what an unfinished attempt has left. The caller holds the lock of the root. */
async function abandonDraft(root: string): Promise<void> {
  const draft = readMarker(poolDraftFile(root));
  if (!draft) return;
  await releaseWorkDir(root);
  if ('file' in draft.source) {
    const { file } = draft.source;
    if (xfsUuid(file) === draft.uuid || isBlank(file)) rmSync(file, { force: true });
  } else if (xfsUuid(draft.source.device) === draft.uuid) {
    await run('wipefs', ['--all', '--', draft.source.device], { purpose: 'undo the pool' });
  }
  rmSync(poolDraftFile(root), { force: true });
}

/** @throws UserError if anything of the root runs or is mounted */
export async function refuseUsed(root: string, where: string): Promise<void> {
  const users = await usersOf(root);
  if (users.length === 0) return;
  throw new UserError(`cannot move ${root} ${where}: in use: ${users.join(', ')}`, [
    'Stop the containers of every stack (baleine ls): baleine stop, in the folder of each.',
    'Their disks and volumes stay, and come along.',
  ]);
}

async function refuseShared(root: string): Promise<void> {
  if (!canShareBlocks(root)) return;
  throw new UserError(
    `cannot create a pool for ${root}: its files can share blocks already`,
    'Copies cost nothing there: it needs no pool.',
  );
}

/** @throws UserError if something is in the way, or the root does not fit */
async function checkRoom(
  { root, source }: PoolMarker,
  { size, preallocate = false }: CreatePoolOptions,
  used: number,
  warn: (text: string) => void,
): Promise<void> {
  if ('device' in source) {
    const found = await signatureOf(source.device);
    if (found === undefined) return;
    throw new UserError(
      `cannot create a pool for ${root}: there is ${found} on ${source.device}`,
      `Nothing was changed. If it may go: wipefs --all ${source.device}`,
    );
  }
  const { file } = source;
  requireFolderOf(file);
  if (existsSync(file)) {
    throw new UserError(
      `cannot create ${file}: there is one`,
      'Choose another --file, or remove it.',
    );
  }
  const { bavail, bsize, type } = statfsSync(dirname(file));
  const free = bavail * bsize;
  if (type === TMPFS) warn(`Warning: ${file} is in memory: it does not survive a reboot\n`);
  requireRoom(preallocate && size ? size : used + SPARE, free, dirname(file));
  if (size !== undefined && size > free) warn(overcommitted(file, size, free));
}

/** statfs(2) */
const TMPFS = 0x01021994;

export const overcommitted = (file: string, size: number, free: number) =>
  `Warning: ${file} may grow to ${formatBytes(size)}, and ${formatBytes(free)} are free below it: a full disk there stops what writes in the pool\n`;

/** What a full disk below the file does to the file system in it. */
function explain(error: unknown, root: string, file: string): unknown {
  if (!/No space left on device|Input\/output error/.test(messageOf(error))) return error;
  return new UserError(
    `cannot move ${root} into ${file}: the file system of ${dirname(file)} is full`,
    'The root is as it was. Free some room there, or choose another --file.',
    { cause: error },
  );
}

/** Makes the file system and copies the root into it. */
async function fill(marker: PoolMarker, options: CreatePoolOptions): Promise<number> {
  const { root, uuid, source, preallocated = false } = marker;
  const { size } = options;
  const copy = poolWorkDir(root);
  if ('file' in source) {
    await allocatePool(source.file, size ?? 0, preallocated);
    await makeXfs(source.file, uuid, { keep: preallocated });
  } else {
    await makeXfs(source.device, uuid, size === undefined ? {} : { size });
  }
  await mountXfs(marker, copy);
  const { bavail, bsize } = statfsSync(copy);
  requireRoom((await allocatedIn(root)) * 1.02, bavail * bsize, 'a pool of this size');
  const binding = readBinding(root);
  try {
    await copyRoot(root, copy);
    if (binding) {
      const { inode } = bindingOf(copy);
      await replaceFile(bindingFile(copy), `${JSON.stringify({ ...binding, inode })}\n`, {
        mode: 0o600,
      });
    }
    chmodSync(copy, 0o700);
    await run('sync', ['--file-system', '--', copy], { purpose: `write out ${copy}` });
  } catch (error) {
    throw 'file' in source ? explain(error, marker.root, source.file) : error;
  }
  if ('file' in source) await syncPath(source.file);
  await syncPath(dirname('file' in source ? source.file : root));
  return 0;
}
