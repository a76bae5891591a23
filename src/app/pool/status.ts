import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { folderSize } from '../../host/linux/files/folder-size.js';
import { poolAt } from '../../host/linux/pool/file-system.js';
import { UserError } from '../../model/errors.js';

/** A pool as `pool status --json` has it; sizes in bytes. */
export interface PoolStatus {
  root: string;
  /** The file or the block device that has it. */
  file?: string;
  device?: string;
  size: number;
  /** With the file system's own tables: some percent of an empty pool. */
  used: number;
  free: number;
  /** What its files would take if none shared blocks. */
  files: number;
  /** Only if not all files could be counted in time. */
  incomplete?: true;
  /** Of a file: what it takes on the disk below. */
  allocated?: number;
  /** Of a file: what is free there. */
  freeBelow?: number;
}

/** Entries and milliseconds. */
const BOUNDS = { entries: 2_000_000, milliseconds: 10_000 };

/**
 * @param how.files false: do not count them, which takes time
 * @throws UserError if the root has no pool
 */
export function poolStatus(root: string, { files: counts = true } = {}): PoolStatus {
  const pool = poolAt(root);
  if (!pool) {
    throw new UserError(`cannot find a pool: ${root} has none`, 'baleine pool create --size 50G');
  }
  const { blocks, bavail, bfree, bsize } = statfsSync(root);
  const { allocated: files, complete } = counts
    ? folderSize(root, BOUNDS)
    : { allocated: 0, complete: false };
  return {
    root,
    ...(pool.file === undefined ? { device: pool.device } : { file: pool.file }),
    ...{ size: blocks * bsize, used: (blocks - bfree) * bsize, free: bavail * bsize, files },
    ...(!complete && { incomplete: true as const }),
    ...(pool.file !== undefined && below(pool.file)),
  };
}

/** The same for a root that may have no pool, without what takes time. */
export const poolSpace = (root: string): PoolStatus | undefined =>
  poolAt(root) && poolStatus(root, { files: false });

function below(file: string): Pick<PoolStatus, 'allocated' | 'freeBelow'> {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) return {};
  const { bavail, bsize } = statfsSync(dirname(file));
  return { allocated: found.blocks * 512, freeBelow: bavail * bsize };
}
