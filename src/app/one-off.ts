import { viewOf } from '../cli/open-view.js';
import { addressOf } from '../model/address.js';
import type { Store } from '../state/store.js';
import type { Context } from './context.js';
import { isAbandoned } from './context.js';
import { carryOut } from './execute-plan.js';
import { configOf } from './imperative/flags-to-config.js';
import { planByHand } from './make-plan.js';

/** Takes away one-off containers whose `baleine run` was killed, with all that is theirs. */
export async function removeAbandoned(context: Context, store: Store): Promise<void> {
  const gone = store.rows.filter(isAbandoned).map(({ name }) => addressOf('container', name));
  const config = configOf({}, 'remove what was left');
  const change = { config, gone, targets: gone, made: [], edit: <T>(each: T): T => each };
  const plan = await planByHand(context, store.rows, change);
  const view = await viewOf(context, 'brief', { out: () => undefined });
  await carryOut(context, plan, store, view, { destroy: true });
}
