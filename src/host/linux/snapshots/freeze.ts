import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InstallPaths } from '../../../model/install-paths.js';
import { digest } from '../../../model/json.js';
import { dropNote, hasAbandonedNotes, sweepNotes, writeNote } from '../files/notes.js';
import { ownerMark } from '../owner.js';
import { launch } from '../process/launch.js';
import { lastLines, readPaced, Tail } from '../process/output.js';
import { run } from '../process/run.js';
import FREEZE from './freeze.pl?raw';

/**
 * Runs `work` while nothing can be written to a mounted file system, and all that was written is on its
 * device. Writers wait. A helper holds it, which thaws it when we end in any way; should that be killed
 * as well, the next run does.
 *
 * @returns how long it was frozen, in milliseconds
 */
export async function whileFrozen(
  paths: InstallPaths,
  folder: string,
  work: () => Promise<void>,
): Promise<number> {
  const note = writeNote(notesDir(paths), `${ownerMark()}${digest(folder, 12)}`, folder);
  // not among the programs that an interrupt kills
  const helper = launch('perl', ['-e', FREEZE, folder]);
  const complaint = new Tail();
  readPaced(helper.stderr, (part) => complaint.add(part));
  const ended = new Promise<boolean>((resolve) => {
    helper.on('error', () => resolve(false));
    helper.on('exit', (code) => resolve(code === 0));
  });
  helper.stdin.on('error', () => undefined);
  try {
    const first = await Promise.race([once(helper.stdout, 'data'), ended]);
    if (typeof first === 'boolean') {
      throw new Error(`cannot freeze ${folder}: ${lastLines(complaint.text())}`);
    }
    const start = process.hrtime.bigint();
    try {
      await work();
    } finally {
      helper.stdin.end();
      await ended;
    }
    if (!(await ended)) throw new Error(lastLines(complaint.text()));
    return Number((process.hrtime.bigint() - start) / 1_000_000n);
  } finally {
    helper.stdin.end();
    await ended;
    dropNote(note);
  }
}

/** Whether a killed run has left a note of a frozen file system. */
export const hasAbandonedFreezes = (paths: InstallPaths): boolean =>
  hasAbandonedNotes(notesDir(paths));

/** Thaws what killed runs and their helpers have left frozen. */
export function thawAbandonedFreezes(paths: InstallPaths): Promise<void> {
  return sweepNotes(notesDir(paths), async (note) => {
    // it fails for one that is not frozen
    await run('fsfreeze', ['--unfreeze', '--', readFileSync(note, 'utf8')], { reject: false });
  });
}

const notesDir = (paths: InstallPaths) => join(paths.run, 'frozen');
