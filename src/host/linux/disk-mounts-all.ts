import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Site } from '../../model/site.js';
import { ensureMounted, OPTIONS } from './disk-mounts.js';
import { run } from './exec.js';
import { lanes } from './lanes.js';
import { backingFile, readMounts } from './mounts.js';
import { smallFiles, withScratch } from './scratch.js';
import { checkWhole, hasErrors } from './superblock.js';

interface Wanted {
  file: string;
  dir: string;
}

/**
 * Mounts what plainly can be by a few mount(8), each with a table of our own. Whatever is not there
 * after that is tried by itself, with all checks, which gives the error.
 */
export async function mountAll(site: Site, mounts: Wanted[]): Promise<(Error | undefined)[]> {
  if (mounts.length > 1) await mountTogether(site, await plain(mounts));
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

/** fstab(5). What fails is found by looking, so neither code nor messages matter. */
async function mountTogether(site: Site, mounts: Wanted[]): Promise<void> {
  if (mounts.length === 0) return;
  await withScratch(smallFiles(site), async (scratch) => {
    for (const { dir } of mounts) mkdirSync(dir, { recursive: true, mode: 0o700 });
    const tables = lanes(mounts).map((lane, index) => {
      const table = join(scratch, `fstab${index}`);
      const lines = lane.map(({ file, dir }) => `${word(file)} ${word(dir)} ext4 ${OPTIONS} 0 0\n`);
      writeFileSync(table, lines.join(''), { mode: 0o600 });
      return table;
    });
    const mount = (table: string) =>
      run('mount', ['--all', '--fstab', table], { purpose: 'mount disks', reject: false });
    await Promise.all(tables.map(mount));
  });
}

const word = (text: string) =>
  text.replace(/[\s\\#]/g, (each) => `\\${each.charCodeAt(0).toString(8).padStart(3, '0')}`);
