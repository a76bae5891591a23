import type { Event } from '../model/events.js';
import type { LoggedEvent } from '../model/logged-event.js';
import type { Plan } from '../model/plan.js';
import type { Site } from '../model/site.js';
import { logEvent } from '../state/events-log.js';
import { caller } from './caller.js';

/** Writes the end of every unit into the log, as it happens: a crash loses none of them. */
export function eventLogger(site: Site, plan: Plan): (event: Event) => void {
  const who = caller();
  const changes = new Map(plan.changes.map((change) => [change.address, change]));
  const started = new Map<string, number>();
  const log = (
    event: Extract<Event, { unit: string }>,
    more: Pick<LoggedEvent, 'result' | 'error'>,
  ) => {
    const change = changes.get(event.address);
    const since = started.get(event.unit);
    logEvent(site, {
      at: new Date().toISOString(),
      who,
      stack: plan.stack,
      address: event.address,
      action: 'action' in event ? event.action : 'update',
      drift: change?.drift ?? false,
      reasons: change?.reasons ?? [],
      ms: since === undefined ? 0 : Math.round(performance.now() - since),
      ...more,
    });
  };
  const logRollback = (event: Extract<Event, { type: 'rollback-finished' }>) => {
    const { type: _type, service, ...rest } = event;
    const about = { at: new Date().toISOString(), who, stack: plan.stack, drift: false };
    const why = ['a roll-out has failed'];
    logEvent(site, {
      ...about,
      address: `farm.${service}`,
      action: 'rollback',
      reasons: why,
      ...rest,
    });
  };
  return (event) => {
    if (event.type === 'rollback-finished') logRollback(event);
    if (event.type === 'unit-started') started.set(event.unit, performance.now());
    if (event.type === 'unit-done') log(event, { result: 'done' });
    if (event.type === 'unit-failed') log(event, { result: 'failed', error: event.error });
    if (event.type === 'unit-skipped') log(event, { result: 'skipped', error: event.cause });
  };
}
