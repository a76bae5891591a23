import { promises, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile, syncPath } from '../host/linux/files/atomic-write.js';
import { DamagedStateError } from '../model/errors.js';
import type { Row } from '../model/resource.js';
import { parseTable } from './parse.js';
import { isRequired, readTables } from './state.js';
import { entryOf, formatTable, headerOf, keyOf, type TableFormat, trailerOf } from './table.js';

const backupOf = (root: string, file: string) => join(root, `${file}.bak`);

/** Backs up a table right before it is replaced. A failed backup does not prevent the write. */
export async function keepBackup(root: string, file: string): Promise<void> {
  const backup = backupOf(root, file);
  try {
    await promises.rm(backup, { force: true });
    await promises.link(join(root, file), backup);
  } catch {
    // the file system has no hard links, or is full
  }
}

export function dropBackup(root: string, file: string): void {
  rmSync(backupOf(root, file), { force: true });
}

/** Problems of the tables, one line each; empty if every command would trust them. */
export function findCorruption(root: string, formats: readonly TableFormat[]): string[] {
  const found = formats.flatMap((format) => readError(root, format) ?? []);
  if (found.length > 0) return found.map(({ message }) => message);
  try {
    readTables(root, formats);
    return [];
  } catch (error) {
    if (error instanceof DamagedStateError) return [error.message];
    throw error;
  }
}

/**
 * Repairs every table: from its backup, which is one write old, or otherwise from its valid lines.
 * The caller holds the lock.
 *
 * @returns the repairs, one line for each table that was corrupt
 */
export async function repairTables(
  root: string,
  formats: readonly TableFormat[],
): Promise<string[]> {
  if (findCorruption(root, formats).length === 0) return [];
  const texts = formats.map(({ file }) => textOf(join(root, file)));
  const restored = formats.map((format) => restore(root, format, isRequired(format, texts)));
  const all = restored.flatMap(({ rows }) => rows);
  for (const { format, rows } of restored) {
    await replaceFile(join(root, format.file), formatTable(format, rows.map(entryOf), all));
  }
  await syncPath(root);
  return restored.flatMap(({ how }) => how ?? []);
}

interface Restored {
  format: TableFormat;
  rows: Row[];
  /** Absent for a table that was intact. */
  how?: string;
}

function restore(root: string, format: TableFormat, required: boolean): Restored {
  const path = join(root, format.file);
  const text = textOf(path);
  if (text === undefined && !required) return { format, rows: [] };
  if (text !== undefined && !corruptionIn(format, text, path)) {
    return { format, rows: parseTable(format, text, path) };
  }
  const backup = textOf(backupOf(root, format.file));
  if (backup !== undefined && !corruptionIn(format, backup, path)) {
    const rows = parseTable(format, backup, path);
    return { format, rows, how: `${path}: ${rows.length} rows from its backup` };
  }
  const kept = parseValidRows(format, text);
  const lines = Math.max(0, (text ?? '').split('\n').filter(Boolean).length - 2);
  return { format, rows: kept, how: `${path}: ${kept.length} rows of ${lines} lines, no backup` };
}

/** The individually valid rows; of duplicate names the first. */
function parseValidRows(format: TableFormat, text = ''): Row[] {
  const rows = text.split('\n').flatMap((line) => {
    const body = `${headerOf(format)}\n${line}\n`;
    const alone = `${body}${trailerOf(body, 1)}\n`;
    return line === '' || corruptionIn(format, alone, '') ? [] : parseTable(format, alone, '');
  });
  return [...new Map(rows.reverse().map((row) => [keyOf(row), row])).values()];
}

function readError(root: string, format: TableFormat): DamagedStateError | undefined {
  const path = join(root, format.file);
  const text = textOf(path);
  return text === undefined ? undefined : corruptionIn(format, text, path);
}

function corruptionIn(
  format: TableFormat,
  text: string,
  path: string,
): DamagedStateError | undefined {
  try {
    parseTable(format, text, path);
    return undefined;
  } catch (error) {
    if (error instanceof DamagedStateError) return error;
    throw error;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
