import { mkdirSync } from 'node:fs';
import { run } from '../process/run.js';
import { LOOP_MOUNTS } from './loop-mounts.js';
import { ensureMounted } from './mount.js';
import { backingFile, readMounts } from './mount-table.js';
import { checkWhole, hasErrors } from './superblock.js';

interface Wanted {
  file: string;
  dir: string;
}

/**
 * Mounts what plainly can be by one process. Whatever is not there after that is tried by itself,
 * with all checks, which gives the error.
 */
export async function mountAll(mounts: Wanted[]): Promise<(Error | undefined)[]> {
  if (mounts.length > 1) await mountTogether(await plain(mounts));
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

/** Whole file systems without errors, mounted nowhere, for folders where nothing is. */
async function plain(mounts: Wanted[]): Promise<Wanted[]> {
  const files = mountedFiles();
  const folders = new Set(readMounts().map(({ path }) => path));
  const free = mounts.filter(({ file, dir }) => !files.has(file) && !folders.has(dir));
  const good = await Promise.all(
    free.map(({ file }) =>
      checkWhole(file)
        .then(() => hasErrors(file))
        .catch(() => true),
    ),
  );
  return free.filter((_each, index) => good[index] === false);
}

/** The folder where the file of each loop device is mounted. */
function mountedFiles(): Map<string, string> {
  const mounts = readMounts().map(({ source, path }) => [backingFile(source), path] as const);
  return new Map(mounts.filter((each): each is [string, string] => each[0] !== undefined));
}

/** What fails is found by looking, so neither code nor messages matter. */
async function mountTogether(mounts: Wanted[]): Promise<void> {
  if (mounts.length === 0) return;
  for (const { dir } of mounts) mkdirSync(dir, { recursive: true, mode: 0o700 });
  const input = mounts.flatMap(({ file, dir }) => [file, dir]).map((word) => `${word}\0`);
  await run('perl', ['-e', LOOP_MOUNTS], {
    input: input.join(''),
    purpose: 'mount disks',
    reject: false,
  });
}
