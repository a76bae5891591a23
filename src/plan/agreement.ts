import { addressOf } from '../model/address.js';
import { canonical, equal } from '../model/json.js';
import type { Resource, Row } from '../model/resource.js';
import type { Context } from './desired/context.js';
import { isUnused } from './kept-data.js';

/**
 * Whether the file asks for just what is on record. If so, it does until one of the two changes, and
 * a plan is made by the records alone: nothing is left to find out but what the host has lost.
 *
 * @param all rows of this stack; data that the file no longer has is no difference
 */
export function agrees(resources: readonly Resource[], all: readonly Row[]): boolean {
  const rows = all.filter((row) => !isUnused(row));
  const rowOf = new Map(rows.map((row) => [addressOf(row.kind, row.name), row]));
  const wanted = resources.filter(({ spare }) => !spare);
  return wanted.length === rows.length && wanted.every((each) => isRow(each, rowOf));
}

function isRow({ address, spec, protect }: Resource, rowOf: ReadonlyMap<string, Row>): boolean {
  const row = rowOf.get(address);
  return row?.status === 'ready' && row.protect === protect && equal(row.spec, spec);
}

/**
 * Stands for all that `desired` goes by but the file and the records: two runs that have the same of
 * all three would make the same of it.
 */
export function agreementMark({ config: _file, rows: _records, ...others }: Context): string {
  return canonical(others);
}
