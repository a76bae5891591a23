import { promises } from 'node:fs';
import { join } from 'node:path';
import { type Disk, remove, replaceFile, syncFolder, temporaryPath, writeDurably } from './disk.js';
import { dropBackup } from './repair.js';
import { type Entry, formatTable, type TableFormat } from './table.js';

export interface Table {
  format: TableFormat;
  /** Its text on disk. */
  text: string | undefined;
  entries: ReadonlyMap<string, Entry>;
}

export function isThere({ text }: Table): boolean {
  return text !== undefined;
}

/**
 * Creates all tables or none: each is written empty under its temporary name before the first is
 * renamed, so that a reader can distinguish an interrupted creation from lost tables.
 */
export async function createTables(disk: Disk, root: string, tables: Table[]): Promise<void> {
  await promises.mkdir(root, { recursive: true, mode: 0o700 });
  try {
    // leftovers of an interrupted creation or removal
    if (tables.some(isThere)) await removeTables(disk, root, tables);
    for (const { format } of tables) {
      await writeDurably(disk, temporaryPath(root, format.file), formatTable(format, [], []));
    }
    await syncFolder(disk, root);
    for (const table of tables) {
      await disk.rename(temporaryPath(root, table.format.file), join(root, table.format.file));
      table.text = formatTable(table.format, [], []);
    }
  } catch (error) {
    await removeTables(disk, root, tables).catch(() => undefined);
    throw error;
  }
}

/**
 * Adds tables that an earlier release did not know to existing ones with rows. They are durable
 * before another table's trailer names them.
 */
export async function addTables(disk: Disk, root: string, tables: Table[]): Promise<void> {
  for (const table of tables.filter((each) => !isThere(each))) {
    const text = formatTable(table.format, [], []);
    await replaceFile(disk, root, table.format.file, text);
    table.text = text;
  }
  await syncFolder(disk, root);
}

/** The reverse of createTables, for a state without rows. */
export async function removeTables(disk: Disk, root: string, tables: Table[]): Promise<void> {
  for (const table of tables.filter(isThere)) {
    await disk.rename(join(root, table.format.file), temporaryPath(root, table.format.file));
    table.text = undefined;
  }
  await syncFolder(disk, root);
  for (const { format } of tables) {
    dropBackup(root, format.file);
    await remove(disk, temporaryPath(root, format.file));
  }
}
