import type { Context } from '../../kinds/desired-context.js';
import { addressOf } from '../../model/address.js';
import { canonical, equal } from '../../model/json.js';
import type { Plan } from '../../model/plan.js';
import { type Resource, type Row, resourceFromRow } from '../../model/resource.js';
import { decide } from '../../plan/decide.js';
import type { Kinds, Observed } from '../../plan/observe.js';
import { isUnused, planNotes, unusedNotes } from '../../plan/plan-notes.js';

/**
 * Whether the file declares exactly what is recorded. This stays true until one of the two changes;
 * a plan can then be made from the records alone, and only the host remains to be checked.
 *
 * @param all rows of this stack; kept data that the file no longer declares does not count
 */
export function configMatchesState(resources: readonly Resource[], all: readonly Row[]): boolean {
  const rows = all.filter((row) => !isUnused(row));
  const rowOf = new Map(rows.map((row) => [addressOf(row.kind, row.name), row]));
  const desired = resources.filter(({ spare }) => !spare);
  return desired.length === rows.length && desired.every((each) => isRow(each, rowOf));
}

function isRow({ address, spec, protect }: Resource, rowOf: ReadonlyMap<string, Row>): boolean {
  const row = rowOf.get(address);
  return row?.status === 'ready' && row.protect === protect && equal(row.spec, spec);
}

/**
 * Fingerprint of all inputs of `desired` except the file and the records: two runs with the same
 * file, records and fingerprint desire the same resources.
 */
export function planInputFingerprint({
  config: _file,
  rows: _records,
  fileTexts: _shown,
  ...others
}: Context): string {
  return canonical(others);
}

/**
 * Whether the host has everything that is recorded, unchanged, and nothing else with our mark. A
 * plan made from the records then has no changes, notes or fact updates.
 *
 * @param all rows of one stack
 */
export function hostMatchesState(all: readonly Row[], observed: Observed, kinds: Kinds): boolean {
  if (observed.orphans.length > 0) return false;
  // unused data is kept, whatever its state
  const rows = all.filter((row) => !isUnused(row));
  const resources = rows.map(resourceFromRow);
  const drifted = resources.some((each, index) => decide(each, rows[index], observed, kinds));
  if (drifted) return false;
  const { notes, factUpdates } = planNotes({ resources, rows, observed, kinds }, []);
  return !notes && !factUpdates;
}

/**
 * Whether a plan has nothing to do and nothing to say. Other notes than of unused data, such as
 * waiting containers, have to be worked out in each run.
 *
 * @param all rows of the stack
 */
export function isNothing(
  { changes, notes = [] }: Plan,
  all: readonly Row[],
  kinds: Kinds,
): boolean {
  return changes.length === 0 && notes.length === unusedNotes(all, kinds).length;
}
