import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { removeFile, replaceFile, syncPath } from '../host/linux/files/atomic-write.js';
import { formatLine, parseLine } from './csv-line.js';
import { corruptError } from './parse.js';
import { trailerOf } from './table.js';

/**
 * Auxiliary tables of data that belongs to no resource: they outlive the last resource, and are
 * removed once they are empty. One line per entry, with the same trailer as the tables.
 */
export interface AuxTable<Column extends string> {
  /** File name in the root. */
  file: string;
  columns: readonly Column[];
}

export type AuxEntry<Column extends string> = Record<Column, string>;

/** @throws DamagedStateError for a file that was truncated or edited */
export function readEntries<Column extends string>(
  root: string,
  { file, columns }: AuxTable<Column>,
): AuxEntry<Column>[] {
  const path = join(root, file);
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  const end = text.lastIndexOf('# rows=');
  const body = text.slice(0, Math.max(end, 0));
  const lines = body.split('\n').slice(1, -1);
  if (text.slice(body.length) !== `${trailerOf(body, lines.length)}\n`) {
    throw corruptError(path, 'its last line does not match the lines above');
  }
  return lines.map((line, index) => {
    const cells = parseLine(line, columns.length);
    if (!cells) throw corruptError(path, 'the number of cells or the quotes are wrong', index + 2);
    const pairs = columns.map((column, at) => [column, cells[at] ?? '']);
    return Object.fromEntries(pairs) as AuxEntry<Column>;
  });
}

/** Replaces all entries, durably. The caller holds the lock, so the root exists. */
export async function writeEntries<Column extends string>(
  root: string,
  { file, columns }: AuxTable<Column>,
  entries: readonly AuxEntry<Column>[],
): Promise<void> {
  if (entries.length === 0) {
    await removeFile(join(root, file));
  } else {
    const lines = entries.map((entry) => formatLine(columns.map((column) => entry[column])));
    const body = [formatLine(columns), ...lines, ''].join('\n');
    await replaceFile(join(root, file), `${body}${trailerOf(body, entries.length)}\n`);
  }
  await syncPath(root);
}

/** Crontab files that `cron install --crontab` has written to: nothing else refers to them. */
const CRONTABS = {
  file: 'crontabs.csv',
  columns: ['FILE', 'CRONTAB'],
} as const satisfies AuxTable<string>;

/** Their paths. */
export function crontabFiles(root: string): string[] {
  return readEntries(root, CRONTABS).map(({ CRONTAB }) => CRONTAB);
}

/**
 * Records that a `crontab` has the lines of a stack's `file`; both paths are absolute. The caller
 * holds the lock.
 */
export async function recordCrontab(root: string, file: string, crontab: string): Promise<void> {
  const others = readEntries(root, CRONTABS).filter(isOther(file, crontab));
  await writeEntries(root, CRONTABS, [...others, { FILE: file, CRONTAB: crontab }]);
}

/** The caller holds the lock. */
export async function removeCrontab(root: string, file: string, crontab: string): Promise<void> {
  const before = readEntries(root, CRONTABS);
  const after = before.filter(isOther(file, crontab));
  if (after.length < before.length) await writeEntries(root, CRONTABS, after);
}

const isOther = (file: string, crontab: string) => (each: { FILE: string; CRONTAB: string }) =>
  each.FILE !== file || each.CRONTAB !== crontab;

/**
 * Stacks that the user has destroyed. A leftover crontab line must not bring one back; only the
 * user's own apply does. Stored by name and by file, since either may change.
 */
const DESTROYED = {
  file: 'destroyed.csv',
  columns: ['STACK', 'FILE', 'DESTROYED_AT'],
} as const satisfies AuxTable<string>;

export type Destroyed = AuxEntry<(typeof DESTROYED.columns)[number]>;

export interface StackFile {
  stack: string;
  /** Path as on the command line; `-` for standard input, absent if only the name is known. */
  file?: string;
}

/** The entry of a stack, or of its file's current stack; undefined unless it was destroyed. */
export function findDestroyed(root: string, which: StackFile): Destroyed | undefined {
  return readEntries(root, DESTROYED).find(isAbout(which));
}

/** The caller holds the lock. */
export async function recordDestroyed(
  root: string,
  which: StackFile,
  now = new Date(),
): Promise<void> {
  const others = readEntries(root, DESTROYED).filter((each) => !isAbout(which)(each));
  const entry = { STACK: which.stack, FILE: fileOf(which), DESTROYED_AT: now.toISOString() };
  await writeEntries(root, DESTROYED, [...others, entry]);
}

/** The caller holds the lock. False if there was no entry. */
export async function clearDestroyed(root: string, which: StackFile): Promise<boolean> {
  const before = readEntries(root, DESTROYED);
  const after = before.filter((each) => !isAbout(which)(each));
  if (after.length === before.length) return false;
  await writeEntries(root, DESTROYED, after);
  return true;
}

/** The file that each stack was last applied from, for people: nothing is decided by it. */
const STACKS = {
  file: 'stacks.csv',
  columns: ['STACK', 'FILE'],
} as const satisfies AuxTable<string>;

/** Absolute paths by stack; a damaged table is as good as none. */
export function readStackFiles(root: string): Map<string, string> {
  try {
    return new Map(readEntries(root, STACKS).map(({ STACK, FILE }) => [STACK, FILE]));
  } catch {
    return new Map();
  }
}

/** The caller holds the lock. Writes nothing if it is known. */
export async function recordStackFile(root: string, which: StackFile): Promise<void> {
  const file = fileOf(which);
  const files = readStackFiles(root);
  if (file === '' || files.get(which.stack) === file) return;
  files.set(which.stack, file);
  const entries = [...files].map(([STACK, FILE]) => ({ STACK, FILE }));
  await writeEntries(root, STACKS, entries);
}

function isAbout(which: StackFile): (entry: Destroyed) => boolean {
  const file = fileOf(which);
  return ({ STACK, FILE }) => STACK === which.stack || (file !== '' && FILE === file);
}

/** Empty for none, and for a path that no table line can hold. */
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
