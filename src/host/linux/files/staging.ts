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
import { LONG, run } from '../process/run.js';
import { asBytes, type BytePath, raw } from './byte-path.js';
import { type OpenFolder, openFolder, within } from './open-folder.js';

/** Where it is, for whoever takes it away when its run was killed. */
interface Leftover {
  path: BytePath;
  /** A folder of that name that others have made since is not ours to remove. */
  dev: number;
  ino: number;
}

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
  mkdirSync(within(folder, name), { mode: 0o700 });
  const staging = openFolder(asBytes(`${folder.path}/${name}`));
  const note = notes === undefined ? undefined : noteOf(notes, staging);
  try {
    return await work(staging);
  } finally {
    try {
      await empty(staging);
      rmdirSync(within(folder, name));
      if (note !== undefined) dropNote(note);
    } finally {
      staging.close();
    }
  }
}

/** Takes away the staging folders of killed runs. */
export async function sweepStaging(notes: string): Promise<void> {
  const names = existsSync(notes) ? readdirSync(notes) : [];
  for (const name of names.filter((each) => !isOwned(each))) {
    const note = join(notes, name);
    await removeLeftover(JSON.parse(readFileSync(note, 'utf8')));
    dropNote(note);
  }
}

function noteOf(notes: string, { path, stats }: OpenFolder): string {
  const note = join(notes, `${ownerMark()}${randomBytes(4).toString('hex')}`);
  const leftover = { path: readlinkSync(raw(path), 'latin1'), dev: stats.dev, ino: stats.ino };
  mkdirSync(notes, { recursive: true, mode: 0o700 });
  writeFileSync(note, JSON.stringify(leftover), { mode: 0o600, flag: 'wx' });
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

async function removeLeftover({ path, dev, ino }: Leftover): Promise<void> {
  let staging: OpenFolder;
  try {
    staging = openFolder(path);
  } catch {
    return; // gone, or something else has its name
  }
  try {
    if (staging.stats.dev !== dev || staging.stats.ino !== ino) return;
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
