import { dueForHealth } from '../kinds/container/health.js';
import type { ContainerVerbs } from '../kinds/container/verbs.js';
import { kinds } from '../kinds/index.js';
import { type Address, addressOf } from '../model/address.js';
import type { Config } from '../model/config.js';
import type { Plan } from '../model/plan.js';
import type { Row } from '../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../model/specs.js';
import type { StepOf } from '../model/step.js';
import { findDestroyed } from '../state/aux-tables.js';
import type { Store } from '../state/store.js';
import type { Context } from './context.js';
import { planRecorded } from './make-plan.js';
import type { RunOptions } from './options.js';
import { planHeal } from './plan-resources.js';
import { needsInspection } from './resolve-images.js';
import { propose, withStore } from './with-lock.js';

/** Milliseconds. A run that takes longer notices by itself what has ended. */
const LOCK_TIMEOUT = 10_000;

/**
 * Starts one container again, if it has ended and its restart policy says so. A pending row, or one that
 * has to wait before its next try, is left to the next apply.
 *
 * @param id as STACK.NAME
 */
export async function healContainer(context: Context, id: string): Promise<number> {
  // the lock would create the folder of a root that is gone
  if (!rowOf(context.state().rows, id)) return 0;
  // the next apply reports whether it stays up; other containers that have ended wait for the lock
  const how = { autoApprove: true, quiet: true, verify: false };
  const options = { ...how, lockTimeout: LOCK_TIMEOUT, lockSkip: true };
  const code = await withStore(context, options, async (store) => {
    const row = rowOf(store.rows, id);
    if (row?.status !== 'ready' || findDestroyed(context.paths.root, { stack: row.stack }))
      return 0;
    const plan = await planHeal(context, row, store.rows);
    // the next apply waits for dependencies, and reports those that do not come up
    if (!(await dependenciesMet(context, plan))) return 0;
    return propose(context, plan, store, options, false);
  });
  return code ?? 0;
}

/** Whether all dependencies are met now. */
async function dependenciesMet(context: Context, { units }: Plan): Promise<boolean> {
  const steps = units.flatMap((unit) => unit.steps as StepOf<ContainerVerbs>[]);
  const dependencies = steps.flatMap((step) =>
    step.verb === 'container.await' && step.args.dependency.required !== false
      ? [step.args.dependency]
      : [],
  );
  if (dependencies.length === 0) return true;
  const { isMet } = await import('../kinds/container/await.js');
  const { health } = await context.host();
  const met = await Promise.all(dependencies.map((each) => isMet(health, each)));
  return met.every(Boolean);
}

function rowOf(rows: readonly Row[], id: string): Row | undefined {
  return rows.find(({ kind, spec }) => kind === 'container' && (spec as ContainerSpec).id === id);
}

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
