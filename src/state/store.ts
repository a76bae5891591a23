import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Disk,
  nodeDisk,
  removeFile,
  replaceFile,
  syncPath,
  temporaryPath,
} from '../host/linux/files/atomic-write.js';
import { isName, type KindName } from '../model/address.js';
import { messageOf, UserError } from '../model/errors.js';
import type { InstallPaths } from '../model/install-paths.js';
import type { Row } from '../model/resource.js';
import { tablesFingerprint } from './files-fingerprint.js';
import { isStack } from './parse.js';
import { dropBackup, keepBackup } from './repair.js';
import { readTables, type State, serialOf } from './state.js';
import { type Entry, entryOf, formatTable, keyOf, sortEntries, type TableFormat } from './table.js';
import { addTables, createTables, isThere, removeTables, type Table } from './table-files.js';

/**
 * A writable state. The caller holds the lock from before it is opened until it is no longer used.
 */
export interface Store extends State {
  /** Adds or replaces a row; resolves once it is durable, rejects if it is not. */
  put(row: Row): Promise<void>;
  /** Removes a row if it exists; resolves once that is durable. */
  drop(kind: KindName, stack: string, name: string): Promise<void>;
}

/** Reads all tables; errors as in openState. */
export function openStore(
  paths: InstallPaths,
  formats: readonly TableFormat[],
  disk: Disk = nodeDisk,
): Store {
  return new CsvStore(paths, formats, disk);
}

/** Like `openStore`, after removing what a killed run left: tables without a row, and unfinished ones. */
export async function openCleanStore(
  paths: InstallPaths,
  formats: readonly TableFormat[],
): Promise<Store> {
  const store = new CsvStore(paths, formats, nodeDisk);
  await store.dropCutOff();
  return store;
}

interface Edit {
  table: Table;
  key: string;
  /** Undefined removes. */
  entry: Entry | undefined;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** Memory always matches the disk: edits become visible once they are written. */
class CsvStore implements Store {
  readonly #root: string;
  readonly #disk: Disk;
  readonly #tables: Table[];
  /** Value from before the first edit. */
  readonly fingerprint: string | undefined;
  #queue: Edit[] = [];
  #writing = false;
  #synced = true;

  constructor(paths: InstallPaths, formats: readonly TableFormat[], disk: Disk) {
    this.#root = paths.root;
    this.#disk = disk;
    this.fingerprint = tablesFingerprint(paths, formats);
    this.#tables = readTables(paths.root, formats).map(({ format, text, rows }) => ({
      format,
      text,
      entries: byKey(sortEntries(rows.map(entryOf))),
    }));
  }

  get rows(): Row[] {
    return rowsOf(this.#tables.map(({ entries }) => entries));
  }

  get serial(): string {
    return serialOf(this.#tables.map(({ text }) => text));
  }

  find(kind: KindName, stack: string, name: string): Row | undefined {
    return this.#table(kind).entries.get(keyOf({ stack, name }))?.row;
  }

  async put(row: Row): Promise<void> {
    if (!isStack(row.stack) || !isName(row.kind, row.name)) {
      throw new Error(`cannot record ${row.kind}.${row.name} of ${row.stack}: no valid name`);
    }
    await this.#enqueue(row.kind, keyOf(row), entryOf(structuredClone(row)));
  }

  async drop(kind: KindName, stack: string, name: string): Promise<void> {
    await this.#enqueue(kind, keyOf({ stack, name }), undefined);
  }

  #table(kind: KindName): Table {
    const table = this.#tables.find(({ format }) => format.kind === kind);
    if (!table) throw new Error(`cannot record a ${kind}: there is no table for it`);
    return table;
  }

  #enqueue(kind: KindName, key: string, entry: Entry | undefined): Promise<void> {
    const table = this.#table(kind);
    return new Promise((resolve, reject) => {
      this.#queue.push({ table, key, entry, resolve, reject });
      if (!this.#writing) void this.#drain();
    });
  }

  /** Edits requested during a write go into the next write. */
  async #drain(): Promise<void> {
    this.#writing = true;
    await undefined; // requests of the same tick are written together
    while (this.#queue.length > 0) await this.#commit(this.#queue.splice(0));
    this.#writing = false;
  }

  async #commit(edits: Edit[]): Promise<void> {
    const failures = await this.#write(edits).catch(
      (error: unknown) => new Map(this.#tables.map((table) => [table, error])),
    );
    for (const { table, resolve, reject } of edits) {
      const cause = failures.get(table);
      if (cause === undefined) resolve();
      else reject(this.#failure(table, cause));
    }
  }

  #failure(table: Table, cause: unknown): UserError {
    const path = join(this.#root, table.format.file);
    return new UserError(`cannot write ${path}: ${messageOf(cause)}`, undefined, { cause });
  }

  /**
   * Returns the tables that could not be written; rejects if none is known to be durable. A table
   * whose human-readable columns alone changed has no edit of its own: if it fails, the next write
   * tries again.
   */
  async #write(edits: Edit[]): Promise<Map<Table, unknown>> {
    const next = this.#edited(edits);
    const rows = rowsOf(next.values());
    if (rows.length > 0 && !this.#tables.every(isThere)) {
      const make = this.rows.length > 0 ? addTables : createTables;
      await make(this.#disk, this.#root, this.#tables);
    }
    const failures = new Map<Table, unknown>();
    const written = await Promise.all(
      [...next].map(([table, entries]) =>
        this.#replace(table, entries, rows).catch((error: unknown) => {
          failures.set(table, error);
          return false;
        }),
      ),
    );
    await this.#sync(written.includes(true));
    await this.dropEmpty();
    return failures;
  }

  /** Removes the files a killed run was writing. The caller holds the lock, so nobody else is. */
  async dropCutOff(): Promise<void> {
    await this.dropEmpty();
    for (const { format } of this.#tables) {
      const temp = temporaryPath(join(this.#root, format.file));
      if (!existsSync(temp)) continue;
      // killed while the last row was removed: the backup is obsolete too
      if (this.rows.length === 0) dropBackup(this.#root, format.file);
      await removeFile(temp, this.#disk);
    }
  }

  /** Without a row there is no table either. */
  async dropEmpty(): Promise<void> {
    if (this.rows.length > 0 || !this.#tables.some(isThere)) return;
    await removeTables(this.#disk, this.#root, this.#tables);
  }

  /** Required even if an earlier sync failed: its renames are not durable yet. */
  async #sync(renamed: boolean): Promise<void> {
    this.#synced &&= !renamed;
    if (!this.#synced) await syncPath(this.#root, this.#disk);
    this.#synced = true;
  }

  /** False if the text on disk is already up to date. */
  async #replace(
    table: Table,
    entries: ReadonlyMap<string, Entry>,
    rows: readonly Row[],
  ): Promise<boolean> {
    const text = formatTable(table.format, entries.values(), rows);
    if (text === table.text || !isThere(table)) return false;
    await keepBackup(this.#root, table.format.file);
    await replaceFile(join(this.#root, table.format.file), text, { disk: this.#disk });
    table.text = text;
    table.entries = entries;
    return true;
  }

  #edited(edits: Edit[]): Map<Table, Map<string, Entry>> {
    const next = new Map(this.#tables.map((table) => [table, new Map(table.entries)]));
    for (const { table, key, entry } of edits) {
      if (entry) next.get(table)?.set(key, entry);
      else next.get(table)?.delete(key);
    }
    for (const [table, entries] of next) next.set(table, byKey(sortEntries(entries.values())));
    return next;
  }
}

function rowsOf(tables: Iterable<ReadonlyMap<string, Entry>>): Row[] {
  return [...tables].flatMap((entries) => [...entries.values()].map(({ row }) => row));
}

function byKey(entries: Entry[]): Map<string, Entry> {
  return new Map(entries.map((entry) => [keyOf(entry.row), entry]));
}
