import type { State } from '../../state/state.js';
import type { Pending } from '../../ui/look.js';
import { errorText } from '../failure.js';
import { planStack } from '../make-plan.js';
import type { Onlooker } from '../onlooker.js';

/** Milliseconds between two plans, at least. */
const PAUSE = 3000;
/** A plan that takes long, for it reads what goes into images, is made more seldom. */
const SHARE = 20;

/** Makes the pending plan now and then; in between it answers the last one. */
export function pendingPlan(context: Onlooker): (state: State) => Promise<Pending> {
  let last: Pending;
  let due = 0;
  return async (state) => {
    const start = performance.now();
    if (start < due) return last;
    last = await attempt(context, state);
    const end = performance.now();
    due = end + Math.max(PAUSE, SHARE * (end - start));
    return last;
  };
}

async function attempt(context: Onlooker, state: State): Promise<Pending> {
  try {
    return { plan: await planStack(context, await context.config(), state, {}) };
  } catch (error) {
    return { unknown: errorText(error).trimEnd() };
  }
}
