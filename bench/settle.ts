import { existsSync, readlinkSync, statfsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { time } from './time.js';

/** Of statfs(2), for ext2 to ext4. */
const EXT4 = 0xef53;

/** Milliseconds; a little more than RECENTCY_MIN of fs/ext4/ialloc.c, which holds once all is written. */
const RECENTLY = 62_000;

/**
 * Before one program's work, so that it does not pay for what another has deleted: an ext4 without a
 * journal takes an inode again a minute after its deletion, and until then looks at each such inode to
 * make a file. On all other file systems nobody waits.
 */
export async function settle(dir: string): Promise<void> {
  time(['sync']);
  if (statfsSync(dir).type === EXT4 && !hasJournal(dir)) await sleep(RECENTLY);
}

/** The kernel has a folder for each journal in use, `sda1-8`. */
function hasJournal(dir: string): boolean {
  const { dev } = statSync(dir);
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  const device = basename(readlinkSync(`/sys/dev/block/${major}:${minor}`));
  return existsSync(`/proc/fs/jbd2/${device}-8`);
}
