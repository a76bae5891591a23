import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { causeOf } from '../../../model/errors.js';
import { ownerMark } from '../owner.js';
import { runCleanup } from '../process/launch.js';
import { LONG, run } from '../process/run.js';
import { writeError } from './destination.js';
import { dropNote, sweepNotes, writeNote } from './notes.js';
import { asBytes, type BytePath, type OpenFolder, openFolder, raw, within } from './open-folder.js';

/**
 * Passes a new root-only folder to `work`, inside a folder that other accounts may write to. Its
 * name is unpredictable, and a folder that replaces it is never mistaken for it. It is removed
 * afterwards. Until then, a note in the root-owned folder `notes` lets `sweepStaging` find it.
 */
export async function withStaging<T>(
  folder: OpenFolder,
  notes: string | undefined,
  work: (staging: OpenFolder) => Promise<T>,
): Promise<T> {
  const name = asBytes(`.baleine-${randomBytes(8).toString('hex')}`);
  const note = notes === undefined ? undefined : noteOf(notes, folder, name);
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
    const path = asBytes(readlinkSync(raw(folder.path), 'latin1'));
    throw writeError(path, causeOf(error), 'Take another folder.');
  }
}

/** Removes the staging folders of killed runs. */
export async function sweepStaging(notes: string): Promise<void> {
  await sweepNotes(notes, async (note) => {
    const path = asBytes(readFileSync(note, 'latin1'));
    if (path !== '') await removeLeftover(path);
  });
}

/** The note is written before the folder is created. */
function noteOf(notes: string, folder: OpenFolder, name: BytePath): string {
  const path = join(readlinkSync(raw(folder.path), 'latin1'), name);
  const own = `${ownerMark()}${randomBytes(4).toString('hex')}`;
  return writeNote(notes, own, Buffer.from(path, 'latin1'));
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
