import { hold } from '../apply/hold.js';
import type { Config } from '../model/config.js';
import { messageOf } from '../model/errors.js';
import type { Event, Outcome, Rolled } from '../model/events.js';
import type { Plan } from '../model/plan.js';
import type { Store } from '../state/store.js';
import { outcomeOf } from './carry-out.js';
import type { Context } from './context.js';
import { eventLogger } from './event-log.js';
import { viewFor } from './open-view.js';
import { planRollback } from './plan-rollback.js';
import type { RunOptions } from './run-options.js';

/**
 * Has what a failed roll-out has changed be as it was before, where the file asks for that, and be
 * held there: the next apply would but fail in the same way. Tells how it went, and never rejects
 * for it.
 */
export async function rollBackFailed(
  context: Context,
  config: Config,
  store: Store,
  options: RunOptions,
  { rollbacks = [] }: Plan,
  { failed }: Outcome,
): Promise<void> {
  for (const { service, units } of rollbacks) {
    const failure = failed.find(({ unit }) => units.includes(unit));
    if (!failure) continue;
    const cause = `${failure.address}: ${failure.error}`;
    await rollBack(context, config, store, options, service, cause);
  }
}

async function rollBack(
  context: Context,
  config: Config,
  store: Store,
  options: RunOptions,
  service: string,
  cause: string,
): Promise<void> {
  const started = performance.now();
  const view = await viewFor(context, options, false);
  const log = eventLogger(context.site, { stack: config.name, changes: [], units: [] });
  const tell = (event: Event) => {
    view.event(event);
    log(event);
  };
  tell({ type: 'rollback-started', service, cause });
  const how = await attempt(async () => {
    const plan = await planRollback(context, config, store.rows, service);
    await view.plan(plan);
    await hold(plan, store);
    const { parallelism } = options;
    return outcomeOf(context, plan, store, view, { destroy: false, parallelism });
  });
  const ms = Math.round(performance.now() - started);
  tell({ type: 'rollback-finished', service, ms, ...how });
}

async function attempt(act: () => Promise<Outcome>): Promise<Rolled> {
  try {
    const { status } = await act();
    if (status === 'done') return { result: 'done' };
    const end = status === 'failed' ? 'has failed' : 'was interrupted';
    return { result: 'failed', error: `it ${end}; the next apply goes on with it` };
  } catch (error) {
    return { result: 'failed', error: messageOf(error) };
  }
}
