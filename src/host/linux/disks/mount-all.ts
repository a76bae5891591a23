import { mkdirSync } from 'node:fs';
import { run } from '../process/run.js';
import LOOP_MOUNTS from './loop-mounts.pl?raw';
import { ensureMounted } from './mount.js';
import { backingFile, readMounts } from './mount-table.js';
import { checkComplete, hasErrors } from './superblock.js';

interface MountRequest {
  file: string;
  dir: string;
}

/**
 * Mounts the simple cases in one process. Each mount that is still missing is then tried alone,
 * with all checks, which yields its error.
 */
export async function mountAll(mounts: MountRequest[]): Promise<(Error | undefined)[]> {
  if (mounts.length > 1) await mountTogether(await simpleMounts(mounts));
  const there = mountedFiles();
  const answers: (Error | undefined)[] = [];
  for (const { file, dir } of mounts) {
    answers.push(there.get(file) === dir ? undefined : await mountAlone(file, dir));
  }
  return answers;
}

async function mountAlone(file: string, dir: string): Promise<Error | undefined> {
  try {
    await ensureMounted(file, dir);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** Complete file systems without errors, mounted nowhere, for folders without a mount. */
async function simpleMounts(mounts: MountRequest[]): Promise<MountRequest[]> {
  const files = mountedFiles();
  const folders = new Set(readMounts().map(({ path }) => path));
  const free = mounts.filter(({ file, dir }) => !files.has(file) && !folders.has(dir));
  const good = await Promise.all(
    free.map(({ file }) =>
      checkComplete(file)
        .then(() => hasErrors(file))
        .catch(() => true),
    ),
  );
  return free.filter((_each, index) => good[index] === false);
}

/** The mount point of each file that backs a loop device. */
function mountedFiles(): Map<string, string> {
  const mounts = readMounts().map(({ source, path }) => [backingFile(source), path] as const);
  return new Map(mounts.filter((each): each is [string, string] => each[0] !== undefined));
}

/** Failures are found by reading the mount table, so exit codes and messages do not matter. */
async function mountTogether(mounts: MountRequest[]): Promise<void> {
  if (mounts.length === 0) return;
  for (const { dir } of mounts) mkdirSync(dir, { recursive: true, mode: 0o700 });
  const input = mounts.flatMap(({ file, dir }) => [file, dir]).map((word) => `${word}\0`);
  await run('perl', ['-e', LOOP_MOUNTS], {
    input: input.join(''),
    purpose: 'mount disks',
    reject: false,
  });
}
