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
import { eventLogger } from './event-log.js';
import { executePlan } from './execute-plan.js';
import { planResources } from './make-plan.js';
import type { RunOptions } from './options.js';

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
  const held = pinPreviousRelease(name, members, own);
  const back = recordsBefore(name, held, members, { stack, rows, paths });
  refuseMissingImage(name, held, back.resources);
  const proxy = await proxyFor(context, config, rows, members, held);
  const others = back.resources.filter(({ address }) => address !== proxy?.address);
  const targets = proxy ? [...back.targets, proxy.address] : back.targets;
  return planResources(context, stack, proxy ? [...others, proxy] : others, rows, { targets });
}

/** @throws UserError if the recorded image file was removed */
function refuseMissingImage(
  name: string,
  held: PinnedRelease,
  resources: readonly Resource[],
): void {
  const specs = resources.map(({ spec }) => spec as ContainerSpec);
  const file = specs.find((spec) => spec.held === held)?.image.file;
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
  held: PinnedRelease,
): Promise<Resource | undefined> {
  const through = members[0]?.rolling?.through;
  if (!through || !held.differs.some((part) => HEALTH_PARTS.includes(part))) return undefined;
  const names = members.map(({ name }) => name);
  const after = rows.map((row) =>
    row.kind === 'container' && row.stack === config.name && names.includes(row.name)
      ? { ...row, spec: { ...(row.spec as ContainerSpec), held } }
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
