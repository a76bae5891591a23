import { dueForHealth } from '../kinds/container/health.js';
import { kinds } from '../kinds/index.js';
import { type Address, addressOf } from '../model/address.js';
import type { Config } from '../model/config.js';
import type { Row } from '../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../model/specs.js';
import type { Store } from '../state/store.js';
import type { Context } from './context.js';
import { planRecorded } from './make-plan.js';
import type { RunOptions } from './options.js';
import { needsInspection } from './resolve-images.js';
import { propose } from './with-lock.js';

/**
 * Restarts containers that have ended, by the records alone, before the plan runs health checks, asks
 * registries or builds images: each of these may take all of its time. Does nothing if the plan needs
 * none of them. The plan that follows reports failures of this one.
 */
export async function healFirst(
  context: Context,
  config: Config,
  store: Store,
  options: RunOptions,
): Promise<void> {
  const rows = store.rows.filter(({ stack }) => stack === config.name);
  const probe = await context.probe();
  const { paths } = context;
  const targets = rows.flatMap((row): Address[] => {
    if (row.kind !== 'container' || row.status !== 'ready') return [];
    const { spec, facts, name } = row as Row<ContainerSpec, ContainerFacts>;
    const isRunning = kinds.container.observe(spec, facts, probe, paths)?.running;
    return isRunning || facts.pid === undefined ? [] : [addressOf('container', name)];
  });
  if (targets.length === 0) return;
  if (dueForHealth(rows, probe, paths).length === 0 && !needsInspection(config, rows)) return;
  const plan = await planRecorded(context, config.name, rows, (each) => each, { targets });
  if (plan.changes.length === 0) return;
  const { postpones: _not, ...rest } = options;
  await propose(context, plan, store, { ...rest, err: () => undefined }, false);
}
