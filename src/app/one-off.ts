import { type Address, addressOf, IMPERATIVE_STACK } from '../model/address.js';
import type { Plan } from '../model/plan.js';
import type { Store } from '../state/store.js';
import { type Context, isOrphanedOneOff } from './context.js';
import { executeForExitCode } from './execute-plan.js';
import { configFromFlags } from './imperative/flags-to-config.js';
import { planDeleteData, planImperative } from './make-plan.js';

/** Removes one-off containers whose `baleine run` was killed. */
export async function removeOrphanedOneOffs(context: Context, store: Store): Promise<void> {
  const orphaned = store.rows.filter(isOrphanedOneOff);
  for (const stack of new Set(orphaned.map((row) => row.stack))) {
    const own = orphaned.filter((row) => row.stack === stack);
    const removed = own.map(({ name }) => addressOf('container', name));
    const plan = await planRemoval(context, stack, store, removed);
    const view = await context.frontend.view({ brief: true, silent: true });
    await executeForExitCode(context, plan, store, view, { destroy: true });
  }
}

/** Host names of others follow where the containers were made by commands. */
function planRemoval(
  context: Context,
  stack: string,
  { rows }: Store,
  removed: Address[],
): Promise<Plan> {
  if (stack !== IMPERATIVE_STACK) return planDeleteData(context, stack, rows, removed);
  const config = configFromFlags({}, 'remove what was left');
  const change = { config, removed, targets: removed, made: [], edit: <T>(each: T): T => each };
  return planImperative(context, rows, change);
}
