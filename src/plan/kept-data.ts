import { type Address, addressOf } from '../model/address.js';
import type { Lesson, Note, Plan } from '../model/plan.js';
import type { DataFacts, Row } from '../model/resource.js';
import type { Kinds } from './kinds.js';

/** Whether an earlier apply has found that the file no longer has it, and kept its data. */
export function isUnused({ facts }: Row): boolean {
  return (facts as DataFacts | undefined)?.unused === true;
}

/** What a reader of every plan should know of the data that no file asks for. */
export function unusedNotes(rows: readonly Row[], kinds: Kinds): Note[] {
  return rows.filter(isUnused).map((row) => ({
    address: addressOf(row.kind, row.name),
    text: `is no longer in the file; its data is kept until: ${removalOf(row, kinds)}`,
  }));
}

/**
 * The plan of a stack that is as its file says.
 *
 * @param rows of the stack
 */
export function emptyPlan(stack: string, rows: readonly Row[], kinds: Kinds): Plan {
  const notes = unusedNotes(rows, kinds);
  return { stack, changes: [], units: [], ...(notes.length > 0 && { notes }) };
}

interface Input {
  kinds: Kinds;
  goneReason?: string;
  dataSizes?: ReadonlyMap<Address, string>;
}

/** The notes on rows that this plan keeps, and what they are to remember of it. */
export function keptData(
  { goneReason, dataSizes, kinds }: Input,
  kept: readonly Row[],
): { notes: Note[]; lessons: Lesson[] } {
  if (goneReason === undefined) {
    const unused = kept.map((row) => ({ ...row, facts: { unused: true } }));
    const lessons = kept
      .filter((row) => !isUnused(row))
      .map(({ kind, name }) => ({ kind, name, facts: { unused: true } }));
    return { notes: unusedNotes(unused, kinds), lessons };
  }
  const notes = kept.map((row) => {
    const address = addressOf(row.kind, row.name);
    const size = dataSizes?.get(address);
    const data = size === undefined ? 'its data' : `its data (${size})`;
    return { address, text: `is kept with ${data}; --volumes removes it too` };
  });
  return { notes, lessons: [] };
}

const removalOf = ({ kind, stack, name }: Row, kinds: Kinds) =>
  kinds[kind].keepsData?.(stack, name) ?? '';
