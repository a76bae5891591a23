import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryPath } from '../host/linux/files/atomic-write.js';
import type { KindName } from '../model/address.js';
import { messageOf, UserError } from '../model/errors.js';
import type { InstallPaths } from '../model/install-paths.js';
import { digest } from '../model/json.js';
import type { Row } from '../model/resource.js';
import { tablesFingerprint } from './files-fingerprint.js';
import { missingError, parseTable } from './parse.js';
import { lateFilesIn, type TableFormat } from './table.js';

/** The recorded resources of all stacks. */
export interface State {
  /** Ordered by kind as the tables are, then by stack and name. */
  readonly rows: readonly Row[];
  /** Changes with every change on disk; identifies outdated plans. */
  readonly serial: string;
  /** See `stampOf`. */
  readonly fingerprint: string | undefined;
  find(kind: KindName, stack: string, name: string): Row | undefined;
}

/** A table on disk; `text` is undefined before the first row and after the last. */
export interface StoredTable {
  format: TableFormat;
  text: string | undefined;
  rows: Row[];
}

/**
 * Reads all tables at once. No tables at all are a new, empty state. Throws DamagedStateError if a
 * table is damaged or only some exist.
 */
export function openState(paths: InstallPaths, tables: readonly TableFormat[]): State {
  const fingerprint = tablesFingerprint(paths, tables);
  const stored = readTables(paths.root, tables);
  const rows = stored.flatMap((table) => table.rows);
  return {
    rows,
    serial: serialOf(stored.map(({ text }) => text)),
    fingerprint,
    find: (kind, stack, name) =>
      rows.find((row) => row.kind === kind && row.stack === stack && row.name === name),
  };
}

export function readTables(root: string, formats: readonly TableFormat[]): StoredTable[] {
  const texts = formats.map(({ file }) => read(join(root, file)));
  refuseNewer(root, formats, texts);
  const tables = formats.map((format, index) => tableOf(root, format, texts[index]));
  if (tables.every(({ text }) => text === undefined)) return tables;
  const empty = tables.every(({ rows }) => rows.length === 0);
  for (const { format, text } of tables) {
    if (text !== undefined || (empty && isCreationInterrupted(root, format))) continue;
    if (!isRequired(format, texts)) continue;
    throw missingError(join(root, format.file));
  }
  return tables;
}

/** Whether the existing tables name it, or it has existed since the first release. */
export function isRequired(format: TableFormat, texts: readonly (string | undefined)[]): boolean {
  return !format.late || texts.some((text) => text && lateFilesIn(text).includes(format.file));
}

function refuseNewer(
  root: string,
  formats: readonly TableFormat[],
  texts: readonly (string | undefined)[],
): void {
  const named = texts.flatMap((text) => (text ? lateFilesIn(text) : []));
  const unknown = named.find((file) => !formats.some((format) => format.file === file));
  if (unknown === undefined) return;
  throw new UserError(
    `cannot use ${root}: a newer release of baleine wrote it, which also has ${unknown}`,
    'Use that release.',
  );
}

/** Derived from the trailers, which contain a checksum of everything else. */
export function serialOf(texts: readonly (string | undefined)[]): string {
  return digest(texts.map((text) => text?.slice(text.lastIndexOf('#')) ?? null));
}

function tableOf(root: string, format: TableFormat, text: string | undefined): StoredTable {
  const path = join(root, format.file);
  return { format, text, rows: text === undefined ? [] : parseTable(format, text, path) };
}

/**
 * True for a table that is missing because the first or last write of all (empty) tables was
 * interrupted: then it still has, or already has, its temporary name.
 */
function isCreationInterrupted(root: string, format: TableFormat): boolean {
  const path = temporaryPath(join(root, format.file));
  const text = read(path);
  try {
    return text !== undefined && parseTable(format, text, path).length === 0;
  } catch {
    return false;
  }
}

/** Does not update the access time: reading changes nothing below the root. */
function read(path: string): string | undefined {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOATIME);
    try {
      return readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`, undefined, { cause: error });
  }
}
