import type { Plan } from '../model/plan.js';
import type { RowStore } from './checkpoint.js';

/** Writes what the plan's look taught; nothing when it taught nothing. */
export async function remember({ stack, lessons = [] }: Plan, store: RowStore): Promise<void> {
  const rows = lessons.flatMap(({ kind, name, facts }) => {
    const row = store.find(kind, stack, name);
    return row ? [{ ...row, facts: { ...(row.facts as object), ...facts } }] : [];
  });
  await Promise.all(rows.map((row) => store.put(row)));
}
