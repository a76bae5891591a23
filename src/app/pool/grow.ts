import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { growXfs, poolAt, requireXfs } from '../../host/linux/pool/file-system.js';
import { UserError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import type { Context } from '../context.js';
import { jsonLine } from '../frontend.js';
import type { ChangeOptions } from '../options.js';
import { overcommitted } from './create.js';
import { poolStatus } from './status.js';

export interface GrowPoolOptions extends ChangeOptions {
  /** Bytes. Required for a file; on a device, default: all of it. */
  size?: number;
}

/** Grows the pool of a root while it is in use. */
export async function growPool(context: Context, options: GrowPoolOptions): Promise<number> {
  const { root } = context.paths;
  const { size } = options;
  poolStatus(root);
  requireXfs('xfs_growfs', 'losetup');
  const lock = await context.lock({ timeoutMs: options.lockTimeout ?? LOCK_TIMEOUT });
  try {
    const pool = poolAt(root);
    if (!pool) throw new UserError(`cannot grow the pool of ${root}: it is not mounted`);
    const preallocated = pool.file !== undefined && check(root, pool.file, size, context);
    if (pool.file === undefined && size !== undefined && size < poolStatus(root).size) {
      throw shrinks(root, size, poolStatus(root).size);
    }
    await growXfs(root, pool, { ...(size !== undefined && { size }), preallocated });
  } finally {
    lock.release();
  }
  const status = poolStatus(root);
  if (options.json) context.frontend.report(jsonLine(status));
  else
    context.frontend.report(
      `The pool of ${root} has ${formatBytes(status.size)}, ${formatBytes(status.free)} free.\n`,
    );
  return 0;
}

/** Milliseconds. */
const LOCK_TIMEOUT = 10_000;

/** Whether all of the file is allocated. @throws UserError if it would become smaller */
function check(root: string, file: string, size: number | undefined, context: Context): boolean {
  if (size === undefined) {
    throw new UserError(
      `cannot grow the pool of ${root}: how large?`,
      'Add --size, as in --size 100G.',
    );
  }
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) {
    throw new UserError(
      `cannot grow the pool of ${root}: ${file} was removed while it was mounted`,
      'Its content is lost with the next reboot: copy out what you need now.',
    );
  }
  if (size < found.size) throw shrinks(root, size, found.size);
  const allocated = found.blocks * 512;
  const preallocated = allocated >= found.size;
  const { bavail, bsize } = statfsSync(dirname(file));
  const free = bavail * bsize;
  if (preallocated && size - found.size > free) {
    throw new UserError(
      `cannot grow ${file} to ${formatBytes(size)}: only ${formatBytes(free)} are free in ${dirname(file)}`,
    );
  }
  if (size - allocated > free) context.frontend.warn(overcommitted(file, size, allocated + free));
  return preallocated;
}

const shrinks = (root: string, size: number, now: number) =>
  new UserError(
    `cannot make the pool of ${root} smaller: ${formatBytes(size)}, and it has ${formatBytes(now)}`,
    'XFS only grows.',
  );
