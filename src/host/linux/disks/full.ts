import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, UserError } from '../../../model/errors.js';
import { formatBytes } from '../../../model/format.js';

/** Bytes; with less left a file system is full, whatever it needs for itself. */
const NOTHING = 2 * 1024 ** 2;

/**
 * How a program complains when nothing can be written: itself, or through a file system in a file whose
 * blocks find no room (a loop device answers EIO, and ext4 goes read-only).
 */
const COMPLAINTS = /No space left on device|Input\/output error|Read-only file system|Wrote only/i;

/**
 * Turns a failure to write `file` into one that says so when it is the host's file system that is full,
 * and not the image. To be asked before the half-made file is removed.
 *
 * @throws always: UserError when the file system is full, else the same error
 */
export async function explainFull(error: unknown, file: string): Promise<never> {
  const dir = dirname(file);
  const { bfree, blocks, bsize } = await statfs(dir);
  if (!COMPLAINTS.test(messageOf(error)) || bfree * bsize > NOTHING) throw error;
  throw new UserError(
    `cannot write ${file}: the file system of ${dir} is full, all ${formatBytes(blocks * bsize)} of it`,
    `Make room there, as by baleine image prune, or give the root a larger one.`,
    { cause: error },
  );
}
