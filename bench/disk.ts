import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { time } from './time.js';

/** Room for the images and copies of all programs; sparse. */
const SIZE = '16G';

/**
 * A file system for all programs alike: ext4 with a journal, as hosts have it. Without one ext4
 * takes no inode again for a minute or more after its deletion (ialloc.c, RECENTCY_MIN) and looks
 * at each such inode to make a file, so whoever came second paid for what the first had deleted.
 *
 * @returns takes it away again
 */
export function ownDisk(dir: string): () => void {
  const file = `${dir}.img`;
  mkdirSync(dir);
  time(['truncate', '--size', SIZE, '--', file]);
  time(['mkfs.ext4', '-q', '-F', '-O', 'has_journal', '--', file]);
  time(['mount', '-o', 'loop', '--', file, dir]);
  rmSync(join(dir, 'lost+found'), { recursive: true });
  return () => {
    time(['umount', '--', dir]);
    rmSync(dir, { recursive: true });
    rmSync(file);
  };
}
