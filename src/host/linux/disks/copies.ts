import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { messageOf, UserError } from '../../../model/errors.js';
import { formatBytes } from '../../../model/format.js';
import { makeWhole } from '../files/atomic-files.js';
import { LONG, run } from '../process/run.js';

/** cp(1): what the file system can share is shared, and holes stay holes. */
export const COPYING = ['--reflink=auto', '--sparse=always', '--no-preserve=all'];

interface Copy {
  from: string;
  to: string;
}

/**
 * Copies that are there are left alone. One xargs starts all the cp, which costs this process one
 * start. When any fails, each is made by itself, so that every error has its own.
 */
export async function copyAll(copies: Copy[]): Promise<(Error | undefined)[]> {
  const wanted = copies.filter(({ to }) => !existsSync(to));
  try {
    await copyTogether(wanted);
    return copies.map(() => undefined);
  } catch {
    const failures = new Map<Copy, Error>();
    for (const copy of wanted) {
      await copyTogether([copy]).catch((error: Error) => failures.set(copy, error));
    }
    return copies.map((copy) => failures.get(copy));
  }
}

async function copyTogether(copies: Copy[]): Promise<void> {
  if (copies.length === 0) return;
  await makeWhole(
    copies.map(({ to }) => to),
    async (parts) => {
      const pairs = copies.flatMap(({ from }, index) => [from, parts[index]]);
      const lanes = ['--null', '--max-args=2', `--max-procs=${availableParallelism()}`];
      await run('xargs', [...lanes, 'cp', ...COPYING, '--'], {
        input: pairs.join('\0'),
        timeout: LONG,
        purpose: `copy ${copies[0]?.from} to ${copies.map(({ to }) => to).join(', ')}`,
      }).catch((error: unknown) => explainFull(error, copies[0]?.to ?? ''));
    },
  );
}

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
