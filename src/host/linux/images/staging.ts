import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstallPaths } from '../../../model/install-paths.js';
import { largeFiles, withScratch } from '../disks/scratch.js';
import { run } from '../process/run.js';
import { openMountNamespace } from './mount-namespace.js';

/** Temporary space for downloads and decompressed archives. */
export interface Staging {
  /** Its path in our mount namespace. */
  outside: string;
  /** Its path for programs that are started with `enter`. */
  inside: string;
  enter: string[];
}

/**
 * Passes a file system of limited size (sparse, so it takes only what is used) to `work`: a hostile
 * archive cannot unpack to more. It is mounted in a private namespace whose only process ends with
 * us, and its file is already unlinked.
 */
export async function withStaging<T>(
  paths: InstallPaths,
  bytes: number,
  work: (staging: Staging) => Promise<T>,
): Promise<T> {
  return withScratch(largeFiles(paths), async (dir) => {
    const file = join(dir, 'staging.img');
    await makeFileSystem(file, bytes);
    const holder = await openMountNamespace(SCRIPT, [file], 'create a staging area');
    try {
      const { enter, pid } = holder;
      return await work({ outside: `/proc/${pid}/root${MOUNT_POINT}`, inside: MOUNT_POINT, enter });
    } finally {
      await holder.release();
    }
  });
}

/** A block takes 4 KiB, and some of them belong to the file system itself. */
const OVERHEAD = 1.05;

async function makeFileSystem(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.truncate(Math.ceil(bytes * OVERHEAD));
  } finally {
    await handle.close();
  }
  const options = ['-q', '-F', '-b', '4096', '-m', '0', '-O', '^has_journal'];
  await run('mkfs.ext4', [...options, '-E', 'assume_storage_prezeroed=1', '--', file]);
}

/**
 * Exists on every host; no program that is started in the namespace needs it, and no image is read
 * from it.
 */
const MOUNT_POINT = '/sys';

const SCRIPT = `
mount -t ext4 -o loop,nodev,nosuid,noexec -- "$1" ${MOUNT_POINT} && rm -- "$1" && echo ready && exec cat
`;

const RESERVE = 64 * 1024 ** 2;

/**
 * Bytes needed to stage an image: the download or, for an archive compressed as a whole, its
 * decompressed size. An image whose layers are more than twice as large as its image file is
 * rejected: most of that would be deleted content.
 */
export function stagingSize(size: number, source: number): number {
  return 2 * (size + source) + RESERVE;
}
