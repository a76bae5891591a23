import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isOwned, ownerMark } from '../owner.js';
import { runCleanup } from '../process/launch.js';
import { LONG, run } from '../process/run.js';
import { asBytes, type BytePath, type OpenFolder, openFolder, raw, within } from './open-folder.js';

/**
 * Passes a new root-only folder to `work`, inside a folder that other accounts may write to. Its
 * name is unpredictable, and something put in its place is never mistaken for it. It is removed
 * afterwards. Until then, a note in `notes`, a folder of root's, lets `sweepStaging` find it.
 */
export async function withStaging<T>(
  folder: OpenFolder,
  notes: string | undefined,
  work: (staging: OpenFolder) => Promise<T>,
): Promise<T> {
  const name = asBytes(`.baleine-${randomBytes(8).toString('hex')}`);
  const note = notes === undefined ? undefined : writeNote(notes, folder, name);
  const staging = makeFolder(folder, name, note);
  try {
    return await work(staging);
  } finally {
    try {
      await runCleanup(() => empty(staging));
      rmdirSync(within(folder, name));
      if (note !== undefined) dropNote(note);
    } finally {
      staging.close();
    }
  }
}

function makeFolder(folder: OpenFolder, name: BytePath, note: string | undefined): OpenFolder {
  try {
    mkdirSync(within(folder, name), { mode: 0o700 });
    return openFolder(asBytes(`${folder.path}/${name}`));
  } catch (error) {
    if (note !== undefined) dropNote(note);
    throw error;
  }
}

/** Removes the staging folders of killed runs. */
export async function sweepStaging(notes: string): Promise<void> {
  const names = existsSync(notes) ? readdirSync(notes) : [];
  for (const name of names.filter((each) => !isOwned(each))) {
    const note = join(notes, name);
    const path = asBytes(readFileSync(note, 'latin1'));
    if (path !== '') await removeLeftover(path);
    dropNote(note);
  }
}

/** The note is written before the folder is created. */
function writeNote(notes: string, folder: OpenFolder, name: BytePath): string {
  const note = join(notes, `${ownerMark()}${randomBytes(4).toString('hex')}`);
  const path = join(readlinkSync(raw(folder.path), 'latin1'), name);
  mkdirSync(notes, { recursive: true, mode: 0o700 });
  writeFileSync(note, path, { encoding: 'latin1', mode: 0o600, flag: 'wx' });
  return note;
}

function dropNote(note: string): void {
  rmSync(note, { force: true });
  try {
    rmdirSync(dirname(note));
  } catch {
    // other notes are in it
  }
}

/** A folder of another account that now has this name is not ours to remove. */
async function removeLeftover(path: BytePath): Promise<void> {
  let staging: OpenFolder;
  try {
    staging = openFolder(path);
  } catch {
    return; // already removed, or the name was reused
  }
  try {
    if (staging.stats.uid !== process.geteuid?.()) return;
    await empty(staging);
    rmdirSync(raw(path));
  } finally {
    staging.close();
  }
}

/**
 * find(1) works by descriptor and follows no links, however deep a stranger has nested the folder.
 */
async function empty({ path }: OpenFolder): Promise<void> {
  await run('find', [`${path}/`, '-xdev', '-mindepth', '1', '-delete'], {
    purpose: 'clear a staging folder',
    timeout: LONG,
  });
}
