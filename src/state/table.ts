import { hash } from 'node:crypto';
import type { KindName } from '../model/address.js';
import { canonical } from '../model/json.js';
import type { Column, Row } from '../model/resource.js';
import { formatLine, oneLine } from './csv-line.js';

/** The format of one kind's table. */
export interface TableFormat {
  kind: KindName;
  /** File name in the root. */
  file: string;
  /** Absent in folders of earlier releases. */
  late?: true | undefined;
  /** Files of all tables that were added later, the same in every format of a folder. */
  lateFiles?: readonly string[];
  /**
   * For people, before the columns that are read back. New ones may be inserted after the first
   * two; none may be removed, or older tables would not be recognized.
   */
  columns: readonly Column[];
}

/**
 * The columns that are read back; NEEDS contains space-separated addresses, FACTS and SPEC JSON.
 */
export const MACHINE = ['STACK', 'NAME', 'STATUS', 'PROTECT', 'NEEDS', 'FACTS', 'SPEC'] as const;

/** A row with the values derived from it, computed at most once: a write needs all rows. */
export class Entry {
  #machine: string | undefined;
  #own: (string | undefined)[] | undefined;

  constructor(readonly row: Row) {}

  /** @param columns of its table, the same in each call */
  line(columns: readonly Column[], rows: readonly Row[]): string {
    this.#machine ??= machineOf(this.row);
    this.#own ??= columns.map((each) =>
      'value' in each ? cellOf(each.value(this.row)) : undefined,
    );
    const cells = columns.map((each, index) =>
      'across' in each ? cellOf(each.across(this.row, rows)) : this.#own?.[index],
    );
    return [...cells, this.#machine].join(';');
  }
}

export function entryOf(row: Row): Entry {
  return new Entry(row);
}

const cellOf = (value: string | number) => formatLine([oneLine(String(value))]);

function machineOf(row: Row): string {
  return formatLine([
    row.stack,
    row.name,
    row.status,
    row.protect ? 'yes' : 'no',
    row.needs.join(' '),
    canonical(row.facts ?? {}),
    canonical(row.spec),
  ]);
}

/** The complete text of a table: header, rows by stack and name, trailer. */
export function formatTable(
  format: TableFormat,
  entries: Iterable<Entry>,
  all: readonly Row[],
): string {
  const sorted = sortEntries(entries);
  const lines = sorted.map((entry) => `${entry.line(format.columns, all)}\n`);
  const body = `${headerOf(format)}\n${lines.join('')}`;
  return `${body}${trailerOf(body, sorted.length, format.lateFiles)}\n`;
}

export function sortEntries(entries: Iterable<Entry>): Entry[] {
  return [...entries].sort((a, b) => compare(a.row, b.row));
}

export function headerOf(format: TableFormat): string {
  return formatLine([...format.columns.map(({ header }) => header), ...MACHINE]);
}

/**
 * The last line, which distinguishes a complete file from a truncated, zeroed or carelessly edited
 * one. It also names the later-added tables of the folder: if one of them is missing, the folder is
 * damaged.
 */
export function trailerOf(body: string, rows: number, late: readonly string[] = []): string {
  const others = late.length > 0 ? ` with=${late.join(',')}` : '';
  return `# rows=${rows} sha256=${hash('sha256', body, 'hex')}${others}`;
}

/** The later-added tables that a table's trailer names. */
export function lateFilesIn(text: string): string[] {
  const names = /^# rows=\d+ sha256=\w+ with=(\S+)$/.exec(
    text.slice(text.lastIndexOf('#'), -1),
  )?.[1];
  return names?.split(',') ?? [];
}

/** Unique in a table: neither part can contain a slash. */
export function keyOf(row: { stack: string; name: string }): string {
  return `${row.stack}/${row.name}`;
}

function compare(a: Row, b: Row): number {
  if (a.stack !== b.stack) return a.stack < b.stack ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}
