import { asRecorded, type Row } from '../model/resource.js';
import { decide } from './decide.js';
import { isUnused } from './kept-data.js';
import type { Kinds, Observed } from './observe.js';
import { remarks } from './remarks.js';

/**
 * Whether the host has all that is on record, as it was left, and nothing else that bears our mark.
 * Then a plan by the records has nothing to do, to note or to remember.
 *
 * @param all rows of one stack
 */
export function isAsLeft(all: readonly Row[], observed: Observed, kinds: Kinds): boolean {
  if (observed.orphans.length > 0) return false;
  // unused data is left alone, whatever it is like
  const rows = all.filter((row) => !isUnused(row));
  const resources = rows.map(asRecorded);
  const moved = resources.some((each, index) => decide(each, rows[index], observed, kinds));
  if (moved) return false;
  const { notes, lessons } = remarks({ resources, rows, observed, kinds }, []);
  return !notes && !lessons;
}
