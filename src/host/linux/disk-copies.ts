import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { explainFull } from './disks/full.js';
import { LONG, run } from './process/run.js';
import { makeWhole } from './whole-files.js';

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
