import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstallPaths } from '../../../model/install-paths.js';
import { largeFiles, withScratch } from '../disks/scratch.js';
import { run } from '../process/run.js';
import { hold } from './mount-namespace.js';

/** Room for what is fetched or unpacked on the way. */
export interface Staging {
  /** As we see it. */
  outside: string;
  /** As programs see it that `enter` stands in front of. */
  inside: string;
  enter: string[];
}

/**
 * Gives `work` a file system with so many bytes (sparse, so it costs what is in it): whatever a
 * hostile archive unpacks to meets that end. It is mounted in a namespace of its own whose only
 * process ends with us, and its file has no name any more.
 */
export async function withStaging<T>(
  site: InstallPaths,
  bytes: number,
  work: (staging: Staging) => Promise<T>,
): Promise<T> {
  return withScratch(largeFiles(site), async (dir) => {
    const file = join(dir, 'staging.img');
    await makeFileSystem(file, bytes);
    const holder = await hold(SCRIPT, [file], 'make room to unpack in');
    try {
      const { enter, pid } = holder;
      return await work({ outside: `/proc/${pid}/root${PLACE}`, inside: PLACE, enter });
    } finally {
      await holder.release();
    }
  });
}

/** A block takes 4 KiB, and some of them are the file system's own. */
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

/** There is one everywhere, no program that gets in here needs it, and no image comes from it. */
const PLACE = '/sys';

const SCRIPT = `
mount -t ext4 -o loop,nodev,nosuid,noexec -- "$1" ${PLACE} && rm -- "$1" && echo ready && exec cat
`;

const SPARE = 64 * 1024 ** 2;

/**
 * Bytes to stage an image with: what is fetched or, of an archive that is compressed as a whole,
 * what it unpacks to. An image whose layers are more than twice as large as its file is refused:
 * most of it would be deleted again.
 */
export function roomFor(size: number, source: number): number {
  return 2 * (size + source) + SPARE;
}
