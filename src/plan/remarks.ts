import { addressOf } from '../model/address.js';
import type { Lesson, Note, Plan } from '../model/plan.js';
import type { Resource, Row } from '../model/resource.js';
import type { Decision } from './decide.js';
import type { Kinds, Observed } from './observe.js';

interface Input {
  resources: readonly Resource[];
  rows: readonly Row[];
  observed: Observed;
  kinds: Kinds;
}

/** What else the look was good for: notes on what is left alone, and what rows shall remember. */
export function remarks(
  { resources, rows, observed, kinds }: Input,
  decisions: readonly Decision[],
  kept: { notes: readonly Note[]; lessons: readonly Lesson[] } = { notes: [], lessons: [] },
): Pick<Plan, 'notes' | 'lessons'> {
  const changed = new Set(decisions.map(({ resource }) => resource?.address));
  const rowOf = new Map(rows.map((row) => [addressOf(row.kind, row.name), row]));
  const notes: Note[] = [...kept.notes];
  const lessons: Lesson[] = [...kept.lessons];
  for (const resource of resources) {
    const { address, kind, name } = resource;
    const [row, seen] = [rowOf.get(address), observed.seen.get(address)];
    if (!row || seen === undefined) continue;
    const facts = kinds[kind].learn?.(resource, row, seen);
    if (facts) lessons.push({ kind, name, facts });
    const text = changed.has(address) ? undefined : kinds[kind].note?.(resource, row, seen);
    if (text !== undefined) notes.push({ address, text });
  }
  return { ...(notes.length > 0 && { notes }), ...(lessons.length > 0 && { lessons }) };
}
