import { existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { DiskFullError, messageOf } from '../../../model/errors.js';
import { formatBytes } from '../../../model/format.js';
import type { CopyCost } from '../../ports.js';
import { LONG, run } from '../process/run.js';
import { createFiles } from './create-files.js';
import { canShareBlocks } from './reflink.js';

/** cp(1): shares blocks if the file system can, and keeps holes. */
export const CP_OPTIONS = ['--reflink=auto', '--sparse=always', '--no-preserve=all'];

interface Copy {
  from: string;
  to: string;
}

/**
 * Skips existing copies. One xargs runs all cp processes, so we start only one program. If any copy
 * fails, each is retried alone to get its own error.
 */
export async function copyAll(copies: Copy[]): Promise<(Error | CopyCost | undefined)[]> {
  const wanted = copies.filter(({ to }) => !existsSync(to));
  const failures = new Map<Copy, Error>();
  try {
    await copyTogether(wanted);
  } catch {
    for (const copy of wanted) {
      await copyTogether([copy]).catch((error: Error) => failures.set(copy, error));
    }
  }
  const shares = new Map([...new Set(wanted.map(({ to }) => dirname(to)))].map(withSharing));
  return copies.map((copy) => {
    if (!wanted.includes(copy)) return undefined;
    return failures.get(copy) ?? costOf(copy, shares.get(dirname(copy.to)) ?? false);
  });
}

const withSharing = (dir: string) => [dir, existsSync(dir) && canShareBlocks(dir)] as const;

/** Undefined if the copy is gone already. */
function costOf({ to }: Copy, shared: boolean): CopyCost | undefined {
  const found = statSync(to, { throwIfNoEntry: false });
  return found && { bytes: found.blocks * 512, shared };
}

async function copyTogether(copies: Copy[]): Promise<void> {
  if (copies.length === 0) return;
  await createFiles(
    copies.map(({ to }) => to),
    async (parts) => {
      const pairs = copies.flatMap(({ from }, index) => [from, parts[index]]);
      const lanes = ['--null', '--max-args=2', `--max-procs=${availableParallelism()}`];
      await run('xargs', [...lanes, 'cp', ...CP_OPTIONS, '--'], {
        input: pairs.join('\0'),
        timeout: LONG,
        purpose: `copy ${copies[0]?.from} to ${copies.map(({ to }) => to).join(', ')}`,
      }).catch((error: unknown) => explainDiskFull(error, copies[0]?.to ?? ''));
    },
  );
}

/** Bytes; a file system with less free space counts as full. */
const FULL_BELOW = 2 * 1024 ** 2;

/**
 * How programs report a full file system: directly, or through a file system in a file whose blocks
 * find no space (a loop device returns EIO, and ext4 becomes read-only).
 */
const FULL_MESSAGES =
  /No space left on device|Input\/output error|Read-only file system|Wrote only/i;

/**
 * Turns a failure to write `file` into an error that names the host's file system if that one is
 * full, and not the image. Call it before the partial file is removed.
 *
 * @throws always: DiskFullError if the file system is full, otherwise the same error
 */
export async function explainDiskFull(error: unknown, file: string): Promise<never> {
  const dir = dirname(file);
  const { bfree, blocks, bsize } = await statfs(dir);
  if (!FULL_MESSAGES.test(messageOf(error)) || bfree * bsize > FULL_BELOW) throw error;
  throw new DiskFullError(
    `cannot write ${file}: the file system of ${dir} is full, all ${formatBytes(blocks * bsize)} of it`,
    `Free space there, for example with baleine image prune, or move the root to a larger file system.`,
    { cause: error },
  );
}
