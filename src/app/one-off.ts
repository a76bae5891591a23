import { addressOf } from '../model/address.js';
import type { Store } from '../state/store.js';
import { type Context, isOrphanedOneOff } from './context.js';
import { executeForExitCode } from './execute-plan.js';
import { configFromFlags } from './imperative/flags-to-config.js';
import { planImperative } from './make-plan.js';

/** Removes one-off containers whose `baleine run` was killed. */
export async function removeOrphanedOneOffs(context: Context, store: Store): Promise<void> {
  const removed = store.rows
    .filter(isOrphanedOneOff)
    .map(({ name }) => addressOf('container', name));
  const config = configFromFlags({}, 'remove what was left');
  const change = { config, removed, targets: removed, made: [], edit: <T>(each: T): T => each };
  const plan = await planImperative(context, store.rows, change);
  const view = await context.frontend.view({ brief: true, silent: true });
  await executeForExitCode(context, plan, store, view, { destroy: true });
}
