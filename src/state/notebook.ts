import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { formatLine, parseLine } from './csv-line.js';
import { nodeDisk, remove, replaceFile, syncFolder } from './disk.js';
import { damaged } from './parse.js';
import { trailerOf } from './table.js';

/**
 * Small tables of what a root has to remember that is no resource: they outlive the last resource,
 * and go when they are empty. One line each, with a trailer as the tables have it.
 */
export interface Notebook<Column extends string> {
  /** File name in the root. */
  file: string;
  columns: readonly Column[];
}

export type Entry<Column extends string> = Record<Column, string>;

/** @throws DamagedStateError for a file that was cut or edited */
export function readNotes<Column extends string>(
  root: string,
  { file, columns }: Notebook<Column>,
): Entry<Column>[] {
  const path = join(root, file);
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  const end = text.lastIndexOf('# rows=');
  const body = text.slice(0, Math.max(end, 0));
  const lines = body.split('\n').slice(1, -1);
  if (text.slice(body.length) !== `${trailerOf(body, lines.length)}\n`) {
    throw damaged(path, 'its last line does not match the lines above');
  }
  return lines.map((line, index) => {
    const cells = parseLine(line, columns.length);
    if (!cells) throw damaged(path, 'the number of cells or the quotes are wrong', index + 2);
    const pairs = columns.map((column, at) => [column, cells[at] ?? '']);
    return Object.fromEntries(pairs) as Entry<Column>;
  });
}

/** Replaces all entries, durably. The caller holds the lock, so the root is there. */
export async function writeNotes<Column extends string>(
  root: string,
  { file, columns }: Notebook<Column>,
  entries: readonly Entry<Column>[],
): Promise<void> {
  if (entries.length === 0) {
    await remove(nodeDisk, join(root, file));
  } else {
    const lines = entries.map((entry) => formatLine(columns.map((column) => entry[column])));
    const body = [formatLine(columns), ...lines, ''].join('\n');
    await replaceFile(nodeDisk, root, file, `${body}${trailerOf(body, entries.length)}\n`);
  }
  await syncFolder(nodeDisk, root);
}

/** Crontabs that `cron install --crontab` has written to: nothing else leads there. */
const CRONTABS = {
  file: 'crontabs.csv',
  columns: ['FILE', 'CRONTAB'],
} as const satisfies Notebook<string>;

/** Their paths. */
export function crontabFiles(root: string): string[] {
  return readNotes(root, CRONTABS).map(({ CRONTAB }) => CRONTAB);
}

/** That the lines of a stack's `file` are in a `crontab`; both absolute. The caller holds the lock. */
export async function rememberCrontab(root: string, file: string, crontab: string): Promise<void> {
  const others = readNotes(root, CRONTABS).filter(isOther(file, crontab));
  await writeNotes(root, CRONTABS, [...others, { FILE: file, CRONTAB: crontab }]);
}

/** The caller holds the lock. */
export async function forgetCrontab(root: string, file: string, crontab: string): Promise<void> {
  const before = readNotes(root, CRONTABS);
  const after = before.filter(isOther(file, crontab));
  if (after.length < before.length) await writeNotes(root, CRONTABS, after);
}

const isOther = (file: string, crontab: string) => (each: { FILE: string; CRONTAB: string }) =>
  each.FILE !== file || each.CRONTAB !== crontab;

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
