import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isOwned } from '../owner.js';
import { ifThere } from './read.js';

/*
 * Notes of work that must be undone if its process is killed, such as a frozen container. Each name
 * begins with the mark of its owner (owner.ts). Their folder belongs to root and exists only while
 * there are notes, so one check shows whether anything is left over.
 */

/** Creates the note and its folder, which another run may be removing right now. */
export function writeNote(folder: string, name: string, text: string | Buffer): string {
  const note = join(folder, name);
  for (;;) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      writeFileSync(note, text, { mode: 0o600 });
      return note;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || existsSync(folder)) throw error;
    }
  }
}

export function dropNote(note: string): void {
  rmSync(note, { force: true });
  removeIfEmpty(dirname(note));
}

export const notesIn = (folder: string): string[] => ifThere(() => readdirSync(folder)) ?? [];

/** Whether a killed run has left a note, or the folder for one. */
export function hasAbandonedNotes(folder: string): boolean {
  const names = ifThere(() => readdirSync(folder));
  return names !== undefined && (names.length === 0 || names.some((name) => !isOwned(name)));
}

/** Calls `undo` for each note of a killed run, then removes the note. */
export async function sweepNotes(
  folder: string,
  undo: (note: string, name: string) => Promise<void>,
): Promise<void> {
  for (const name of notesIn(folder).filter((each) => !isOwned(each))) {
    const note = join(folder, name);
    await undo(note, name);
    dropNote(note);
  }
  removeIfEmpty(folder);
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // other runs have notes in it, or it does not exist
  }
}
