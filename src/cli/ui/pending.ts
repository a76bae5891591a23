import type { Row } from '../../model/resource.js';
import type { Pending } from '../../ui/look.js';
import { errorText } from '../failure.js';
import { planStack } from '../make-plan.js';
import type { Onlooker } from './onlooker.js';

/** Milliseconds between two plans, at least. */
const PAUSE = 3000;
/** A plan that takes long, for it reads what goes into images, is made more seldom. */
const SHARE = 20;

/** Makes the pending plan now and then; in between it answers the last one. */
export function pendingPlan(context: Onlooker): (rows: readonly Row[]) => Promise<Pending> {
  let last: Pending;
  let due = 0;
  return async (rows) => {
    const start = performance.now();
    if (start < due) return last;
    last = await attempt(context, rows);
    const end = performance.now();
    due = end + Math.max(PAUSE, SHARE * (end - start));
    return last;
  };
}

async function attempt(context: Onlooker, rows: readonly Row[]): Promise<Pending> {
  try {
    return { plan: await planStack(context, await context.config(), rows, {}) };
  } catch (error) {
    return { unknown: errorText(error).trimEnd() };
  }
}
