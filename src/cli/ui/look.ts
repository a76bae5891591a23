import type { LoggedEvent } from '../../model/logged-event.js';
import { followEvents, readEvents } from '../../state/events-log.js';
import type { PageLook, Pending } from '../../ui/look.js';
import { lookAtFarms } from '../farm/look.js';
import type { Onlooker } from '../onlooker.js';
import { topologyOf } from '../topology.js';
import { pendingPlan } from './pending.js';
import { useMeter } from './uses.js';

const EVENTS = 12;

/** Milliseconds: the page shows within 2 s what happens, though a proxy takes longer to answer. */
const PROXY_LIMIT = 500;

/**
 * Looks at a stack, each time it is asked.
 *
 * @param filed whether the stack is the file's, so that there can be a plan
 */
export function onlookerOf(
  context: Onlooker,
  stack: string,
  filed: boolean,
): () => Promise<PageLook> {
  const { site } = context;
  const [meter, events] = [useMeter(site), lastEvents(context, stack)];
  const pending = filed ? pendingPlan(context) : async () => NO_FILE;
  return async () => {
    const state = context.state();
    const { rows } = state;
    const own = rows.filter((row) => row.stack === stack);
    const probe = await context.probe();
    return {
      topology: topologyOf(stack, rows, probe, site),
      uses: meter(own, probe),
      farms: await lookAtFarms(own, probe, PROXY_LIMIT),
      events: events(),
      pending: await pending(state),
    };
  };
}

const NO_FILE: Pending = { unknown: 'Started with --stack: there is no file to compare with.' };

/** Of one stack, the newest first. */
function lastEvents({ site }: Onlooker, stack: string): () => LoggedEvent[] {
  const fresh = followEvents(site);
  let all = readEvents(site);
  return () => {
    all = [...all, ...fresh()].filter((each) => each.stack === stack).slice(-EVENTS);
    return [...all].reverse();
  };
}
