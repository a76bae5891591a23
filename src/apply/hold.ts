import { equal } from '../model/json.js';
import type { Plan } from '../model/plan.js';
import type { ContainerSpec } from '../model/specs.js';
import type { RowStore } from './checkpoint.js';

/**
 * Writes that containers of a plan are held back, before any of it is done: what is cut off is gone
 * on with by the next apply, whatever the file says.
 */
export async function hold({ stack, units }: Plan, store: RowStore): Promise<void> {
  const rows = units.flatMap(({ kind, mode, name, spec }) => {
    const { held } = kind === 'container' && mode === 'put' ? (spec as ContainerSpec) : {};
    const row = held && store.find(kind, stack, name);
    if (!row || equal((row.spec as ContainerSpec).held, held)) return [];
    return [{ ...row, spec: { ...(row.spec as ContainerSpec), held } }];
  });
  await Promise.all(rows.map((row) => store.put(row)));
}
