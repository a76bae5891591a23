import { addressOf } from '../model/address.js';
import { canonical, equal } from '../model/json.js';
import { type Resource, type Row, resourceFromRow } from '../model/resource.js';
import { decide } from './decide.js';
import type { Context } from './desired/context.js';
import type { Kinds, Observed } from './observe.js';
import { isUnused, planNotes } from './plan-notes.js';

/**
 * Whether the file asks for just what is on record. If so, it does until one of the two changes, and
 * a plan is made by the records alone: nothing is left to find out but what the host has lost.
 *
 * @param all rows of this stack; data that the file no longer has is no difference
 */
export function configMatchesState(resources: readonly Resource[], all: readonly Row[]): boolean {
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
export function planInputFingerprint({
  config: _file,
  rows: _records,
  ...others
}: Context): string {
  return canonical(others);
}

/**
 * Whether the host has all that is on record, as it was left, and nothing else that bears our mark.
 * Then a plan by the records has nothing to do, to note or to remember.
 *
 * @param all rows of one stack
 */
export function hostMatchesState(all: readonly Row[], observed: Observed, kinds: Kinds): boolean {
  if (observed.orphans.length > 0) return false;
  // unused data is left alone, whatever it is like
  const rows = all.filter((row) => !isUnused(row));
  const resources = rows.map(resourceFromRow);
  const moved = resources.some((each, index) => decide(each, rows[index], observed, kinds));
  if (moved) return false;
  const { notes, factUpdates } = planNotes({ resources, rows, observed, kinds }, []);
  return !notes && !factUpdates;
}
