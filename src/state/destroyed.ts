import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Entry, type Notebook, readNotes, writeNotes } from './notebook.js';

/**
 * Stacks that a person has destroyed. A crontab line that is still there must not bring one back; it
 * stays away until a person applies it. By name and by file: either may change meanwhile.
 */
const DESTROYED = {
  file: 'destroyed.csv',
  columns: ['STACK', 'FILE', 'DESTROYED_AT'],
} as const satisfies Notebook<string>;

export type Destroyed = Entry<(typeof DESTROYED.columns)[number]>;

export interface StackFile {
  stack: string;
  /** As on the command line; `-` for standard input, absent where only the name is known. */
  file?: string;
}

/** The note on a stack, or on what is in its file now; undefined unless it was destroyed. */
export function findDestroyed(root: string, which: StackFile): Destroyed | undefined {
  return readNotes(root, DESTROYED).find(isAbout(which));
}

/** The caller holds the lock. */
export async function rememberDestroyed(
  root: string,
  which: StackFile,
  now = new Date(),
): Promise<void> {
  const others = readNotes(root, DESTROYED).filter((each) => !isAbout(which)(each));
  const entry = { STACK: which.stack, FILE: fileOf(which), DESTROYED_AT: now.toISOString() };
  await writeNotes(root, DESTROYED, [...others, entry]);
}

/** The caller holds the lock. False when there was nothing to forget. */
export async function forgetDestroyed(root: string, which: StackFile): Promise<boolean> {
  const before = readNotes(root, DESTROYED);
  const after = before.filter((each) => !isAbout(which)(each));
  if (after.length === before.length) return false;
  await writeNotes(root, DESTROYED, after);
  return true;
}

function isAbout(which: StackFile): (entry: Destroyed) => boolean {
  const file = fileOf(which);
  return ({ STACK, FILE }) => STACK === which.stack || (file !== '' && FILE === file);
}

/** Empty for none, and for what no line of a table can hold. */
function fileOf({ file }: StackFile): string {
  if (file === undefined || file === '-') return '';
  const path = resolve(file);
  try {
    return oneLine(realpathSync(path));
  } catch {
    return oneLine(path);
  }
}

const oneLine = (path: string) => (/\p{Cc}/u.test(path) ? '' : path);
