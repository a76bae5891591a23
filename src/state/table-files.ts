import { promises } from 'node:fs';
import { join } from 'node:path';
import {
  type Disk,
  removeFile,
  replaceFile,
  syncPath,
  temporaryPath,
  writeTemporary,
} from '../host/linux/files/atomic-write.js';
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
      await writeTemporary(join(root, format.file), formatTable(format, [], []), { disk });
    }
    await syncPath(root, disk);
    for (const table of tables) {
      const path = join(root, table.format.file);
      await disk.rename(temporaryPath(path), path);
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
    await replaceFile(join(root, table.format.file), text, { disk });
    table.text = text;
  }
  await syncPath(root, disk);
}

/** The reverse of createTables, for a state without rows. */
export async function removeTables(disk: Disk, root: string, tables: Table[]): Promise<void> {
  for (const table of tables.filter(isThere)) {
    const path = join(root, table.format.file);
    await disk.rename(path, temporaryPath(path));
    table.text = undefined;
  }
  await syncPath(root, disk);
  for (const { format } of tables) {
    dropBackup(root, format.file);
    await removeFile(temporaryPath(join(root, format.file)), disk);
  }
}
