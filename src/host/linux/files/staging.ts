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
import { undo } from '../process/launch.js';
import { LONG, run } from '../process/run.js';
import { asBytes, type BytePath, type OpenFolder, openFolder, raw, within } from './open-folder.js';

/**
 * Gives `work` a new folder, only root's, in a folder that others may write to: its name cannot be
 * foreseen, and what others have put in their own place is never taken for it. It is gone
 * afterwards. Its place is noted in `notes` meanwhile, a folder of root's, for `sweepStaging`.
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
      await undo(() => empty(staging));
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

/** Takes away the staging folders of killed runs. */
export async function sweepStaging(notes: string): Promise<void> {
  const names = existsSync(notes) ? readdirSync(notes) : [];
  for (const name of names.filter((each) => !isOwned(each))) {
    const note = join(notes, name);
    const path = asBytes(readFileSync(note, 'latin1'));
    if (path !== '') await removeLeftover(path);
    dropNote(note);
  }
}

/** Before there is anything to be found by it. */
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
    // others are noted there
  }
}

/** A folder of another account that has the name now is not ours to remove. */
async function removeLeftover(path: BytePath): Promise<void> {
  let staging: OpenFolder;
  try {
    staging = openFolder(path);
  } catch {
    return; // gone, or something else has its name
  }
  try {
    if (staging.stats.uid !== process.geteuid?.()) return;
    await empty(staging);
    rmdirSync(raw(path));
  } finally {
    staging.close();
  }
}

/** find(1) goes by descriptor and follows no link, however deep a stranger has nested it. */
async function empty({ path }: OpenFolder): Promise<void> {
  await run('find', [`${path}/`, '-xdev', '-mindepth', '1', '-delete'], {
    purpose: 'clear a staging folder',
    timeout: LONG,
  });
}
