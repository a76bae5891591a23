import { existsSync } from 'node:fs';
import { pinReleases } from '../execute/checkpoint.js';
import {
  pinPreviousRelease,
  rollbackResources as recordsBefore,
  rollbackError,
  serviceInstances,
} from '../kinds/container/rollback.js';
import type { Config } from '../model/config.js';
import { messageOf } from '../model/errors.js';
import type { Event, Outcome, RollbackResult } from '../model/events.js';
import type { Plan } from '../model/plan.js';
import type { Resource, Row } from '../model/resource.js';
import type { ContainerSpec, PinnedRelease } from '../model/specs.js';
import type { Store } from '../state/store.js';
import type { Context } from './context.js';
import { desiredResources } from './desired-resources.js';
import { contextOf } from './engine.js';
import { eventLogger } from './event-log.js';
import { executePlan } from './execute-plan.js';
import { jsonLine } from './frontend.js';
import type { RunOptions } from './options.js';
import { planResources } from './plan-resources.js';
import type { SwarmContext } from './swarm/context.js';
import { propose, withStore } from './with-lock.js';

/** Milliseconds. A user would rather wait for a run from cron than be refused. */
const LOCK_TIMEOUT = 10_000;

/** Rolls a service back to its previous release and pins it there, or ends the pin; answers the exit code. */
export async function rollBackService(
  local: Context,
  name: string,
  options: RunOptions & { undo?: boolean },
): Promise<number> {
  const config = await local.config();
  const context = await contextOf(local, config);
  const swarm = context.engine === 'swarm' ? await import('./swarm/rollback.js') : undefined;
  const { lockTimeout = LOCK_TIMEOUT } = options;
  const code = await withStore(context, { ...options, lockTimeout }, async (store) => {
    if (options.undo) {
      const end = swarm ? swarm.unpinService : unpin;
      await end(context as SwarmContext, config, store, name);
      return reportUndone(context, name, options);
    }
    const plans = swarm ? swarm.planServiceRollback : planRollback;
    const plan = await plans(context as SwarmContext, config, store.rows, name);
    return propose(context, plan, store, options, false, {
      before: () => pinReleases(plan, store),
    });
  });
  return code ?? 0;
}

async function unpin(context: Context, config: Config, store: Store, name: string): Promise<void> {
  const members = serviceInstances(
    name,
    await desiredResources(config, context, store.rows),
    config.name,
  );
  const rows = members.flatMap((each) => store.find('container', config.name, each.name) ?? []);
  const pinned = rows.filter(({ spec }) => (spec as ContainerSpec).held);
  if (pinned.length === 0)
    throw rollbackError(name, 'it is not rolled back, so there is nothing to undo');
  const freed = pinned.map(({ spec, ...row }) => {
    const { held: _held, ...rest } = spec as ContainerSpec;
    return { ...row, spec: rest };
  });
  await Promise.all(freed.map((row) => store.put(row)));
}

function reportUndone({ frontend }: Context, name: string, { json, quiet }: RunOptions): number {
  const text = `${name} is no longer pinned: the next apply converges it to the file\n`;
  const { report } = frontend;
  if (json) report(jsonLine({ type: 'rollback-undone', service: name }));
  else if (!quiet) report(text);
  return 0;
}

/**
 * The plan that rolls a service, a farm or an entry of `containers`, back to its previous release;
 * other resources are not touched.
 *
 * @throws UserError if there is no previous release
 */
export async function planRollback(
  context: Context,
  config: Config,
  rows: readonly Row[],
  name: string,
): Promise<Plan> {
  const { paths } = context;
  const stack = config.name;
  const members = serviceInstances(name, await desiredResources(config, context, rows), stack);
  const own = rows.filter((row) => row.stack === stack);
  const pin = pinPreviousRelease(name, members, own);
  const back = recordsBefore(name, pin, members, { stack, rows, paths });
  refuseMissingImage(name, pin, back.resources);
  const proxy = await proxyFor(context, config, rows, members, pin);
  const others = back.resources.filter(({ address }) => address !== proxy?.address);
  const targets = proxy ? [...back.targets, proxy.address] : back.targets;
  return planResources(context, stack, proxy ? [...others, proxy] : others, rows, { targets });
}

/** @throws UserError if the recorded image file was removed */
function refuseMissingImage(
  name: string,
  pin: PinnedRelease,
  resources: readonly Resource[],
): void {
  const specs = resources.map(({ spec }) => spec as ContainerSpec);
  const file = specs.find((spec) => spec.held === pin)?.image.file;
  if (file === undefined || existsSync(file)) return;
  throw rollbackError(name, `${file} is gone`);
}

/** The keys of its servers that affect a proxy. */
const HEALTH_PARTS = ['healthcheck', 'port'];

/** The proxy with the health checks of the previous release; the rest of it is as in the file. */
async function proxyFor(
  context: Context,
  config: Config,
  rows: readonly Row[],
  members: readonly Resource[],
  pin: PinnedRelease,
): Promise<Resource | undefined> {
  const through = members[0]?.rolling?.through;
  if (!through || !pin.differs.some((part) => HEALTH_PARTS.includes(part))) return undefined;
  const names = members.map(({ name }) => name);
  const after = rows.map((row) =>
    row.kind === 'container' && row.stack === config.name && names.includes(row.name)
      ? { ...row, spec: { ...(row.spec as ContainerSpec), held: pin } }
      : row,
  );
  const resources = await desiredResources(config, context, after);
  return resources.find(({ address }) => address === through);
}

/**
 * Rolls services back after a failed update, if their update policy says so, and pins them: the next
 * apply would fail in the same way. Reports the result, and never rejects because of it.
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
  const view = await context.frontend.view(options);
  const log = eventLogger(context.paths, { stack: config.name, changes: [], units: [] });
  const tell = (event: Event) => {
    view.event(event);
    log(event);
  };
  tell({ type: 'rollback-started', service, cause });
  const how = await attempt(async () => {
    const plan = await planRollback(context, config, store.rows, service);
    await view.plan(plan);
    await pinReleases(plan, store);
    const { parallelism } = options;
    return executePlan(context, plan, store, view, { destroy: false, parallelism });
  });
  const ms = Math.round(performance.now() - started);
  tell({ type: 'rollback-finished', service, ms, ...how });
}

async function attempt(act: () => Promise<Outcome>): Promise<RollbackResult> {
  try {
    const { status } = await act();
    if (status === 'done') return { result: 'done' };
    const end = status === 'failed' ? 'has failed' : 'was interrupted';
    return { result: 'failed', error: `it ${end}; the next apply goes on with it` };
  } catch (error) {
    return { result: 'failed', error: messageOf(error) };
  }
}
