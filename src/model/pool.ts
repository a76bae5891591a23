import { join } from 'node:path';

/**
 * How a root finds its pool, a file system of its own that is mounted over the root. The marker lies in
 * the root's folder below the mount, so it is seen only while the pool is not mounted.
 */
export interface PoolMarker {
  /** The root that it is mounted over. */
  root: string;
  /** Of the file system. */
  uuid: string;
  /** The file or the block device that has it. */
  source: { file: string } | { device: string };
  /** True if all of the file is allocated. */
  preallocated?: true;
  /**
   * What is unfinished: after `moved`, the folder below the mount still has the old content, whose copy
   * in the pool counts; after `left`, `leftFolder` has the content, and the pool is to be removed.
   */
  phase?: 'moved' | 'left';
}

export const poolMarkerFile = (root: string) => join(root, 'pool.json');

/** A marker in preparation: its pool does not count yet, and is removed by the next attempt. */
export const poolDraftFile = (root: string) => join(root, '.pool.json.new');

/** What was copied out of a pool, in the folder below the mount. */
export const leftFolder = (root: string) => join(root, '.pool-content');

/** Bytes; mkfs.xfs(8) refuses less than 300 MB. */
export const MIN_POOL = 300 * 2 ** 20;
