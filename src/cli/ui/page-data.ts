import type { ReadOnlyContext } from '../../app/context.js';
import { errorText } from '../../app/failure.js';
import { observeFarms } from '../../app/farm-data.js';
import { planStack } from '../../app/make-plan.js';
import { topologyOf } from '../../app/topology.js';
import type { LoggedEvent } from '../../model/events.js';
import { followEvents, readEvents } from '../../state/events-log.js';
import type { State } from '../../state/state.js';
import type { PageData, Pending } from '../../view/page/page-data.js';
import { usageMeter } from './uses.js';

const EVENTS = 12;

/** Milliseconds: the page shows within 2 s what happens, though a proxy takes longer to answer. */
const PROXY_LIMIT = 500;

/**
 * Looks at a stack, each time it is asked.
 *
 * @param filed whether the stack is the file's, so that there can be a plan
 */
export function pageSource(
  context: ReadOnlyContext,
  stack: string,
  filed: boolean,
): () => Promise<PageData> {
  const { site } = context;
  const [meter, events] = [usageMeter(site), lastEvents(context, stack)];
  const pending = filed ? pendingPlan(context) : async () => NO_FILE;
  return async () => {
    const state = context.state();
    const { rows } = state;
    const own = rows.filter((row) => row.stack === stack);
    const probe = await context.probe();
    return {
      topology: topologyOf(stack, rows, probe, site),
      uses: meter(own, probe),
      farms: await observeFarms(own, probe, PROXY_LIMIT),
      events: events(),
      pending: await pending(state),
    };
  };
}

const NO_FILE: Pending = { unknown: 'Started with --stack: there is no file to compare with.' };

/** Of one stack, the newest first. */
function lastEvents({ site }: ReadOnlyContext, stack: string): () => LoggedEvent[] {
  const fresh = followEvents(site);
  let all = readEvents(site);
  return () => {
    all = [...all, ...fresh()].filter((each) => each.stack === stack).slice(-EVENTS);
    return [...all].reverse();
  };
}

/** Milliseconds between two plans, at least. */
const PAUSE = 3000;
/** A plan that takes long, for it reads what goes into images, is made more seldom. */
const SHARE = 20;

/** Makes the pending plan now and then; in between it answers the last one. */
export function pendingPlan(context: ReadOnlyContext): (state: State) => Promise<Pending> {
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

async function attempt(context: ReadOnlyContext, state: State): Promise<Pending> {
  try {
    return { plan: await planStack(context, await context.config(), state, {}) };
  } catch (error) {
    return { unknown: errorText(error).trimEnd() };
  }
}
