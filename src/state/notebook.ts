import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatLine, parseLine } from './cells.js';
import { damaged } from './damage.js';
import { nodeDisk, remove, replaceFile, syncFolder } from './disk.js';
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
