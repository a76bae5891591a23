import type { Probe } from '../host/ports.js';
import type { Kinds } from '../kinds/kind.js';
import { type Address, addressOf, type KindName } from '../model/address.js';
import type { Config } from '../model/config.js';
import type { Plan } from '../model/plan.js';
import { type Resource, type Row, resourceFromRow } from '../model/resource.js';
import { buildPlan } from '../plan/build.js';
import { assumeNoDrift, observe } from '../plan/observe.js';
import type { Context } from './context.js';
import { livePlanHost } from './live-plan-host.js';
import type { PlanOptions } from './options.js';

/** The host as plans of this context see it. */
export const hostOf = (context: Context) => context.planHost ?? livePlanHost(context);

export const ofStack = (stack: string, rows: readonly Row[]) =>
  rows.filter((row) => row.stack === stack);

export interface ObserveOptions {
  look?: Observe | undefined;
  /** Absent: the resources come from the records. */
  config?: Config;
}

/** The same observation of the host at each call. */
export type Observe = () => Promise<Probe>;

/** Starts at once: the host lists its links while the desired state is computed. */
export function startObserving(
  context: Context,
  rows: readonly Row[],
  health: PlanOptions['health'],
): Observe {
  const host = hostOf(context);
  const probing = host.probe();
  // the first error is reported
  probing.catch(() => undefined);
  let answered: Promise<Probe> | undefined;
  const ask = async () => {
    const probe = await probing;
    return health ? host.checkHealth(rows, probe, health === 'note') : probe;
  };
  return () => {
    answered ??= ask();
    return answered;
  };
}

/** How rows without a resource are removed. */
export interface Removal {
  reason: string;
  /** Also delete those that hold user data. */
  deleteData: boolean;
  /** Keep what is protected instead of refusing the plan. */
  keepProtected?: boolean;
}

/** The plan that converges the recorded rows to these resources. */
export async function planResources(
  context: Context,
  stack: string,
  resources: Resource[],
  all: readonly Row[],
  {
    targets = [],
    replace = [],
    restart = [],
    refresh = true,
    health,
    look,
    config,
    alone = false,
    removeVolumes = false,
  }: PlanOptions & ObserveOptions & { alone?: boolean },
  removal?: Removal,
): Promise<Plan> {
  const { paths, kinds } = context;
  const rows = ofStack(stack, all);
  const isGone = removal || removeVolumes ? isRemoved(resources, targets) : () => false;
  const endangered = rows.filter((row) => isGone(row) || isIn(replace)(row));
  // the plan shows the amount of data that will be lost
  const sizes = endangered.some(({ kind }) => kinds[kind].keepsData)
    ? await hostOf(context).dataSizes(endangered)
    : undefined;
  const observed = refresh
    ? observe(
        kinds,
        resources,
        rows,
        await (look ?? startObserving(context, rows, health))(),
        paths,
        stack,
      )
    : assumeNoDrift(kinds, rows);
  const plan = buildPlan({
    stack,
    resources,
    rows,
    observed,
    kinds,
    paths,
    targets,
    replace,
    restart,
    alone,
    ...(removal && {
      goneReason: removal.reason,
      deleteData: removal.deleteData,
      keepProtected: removal.keepProtected ?? false,
    }),
    ...(removeVolumes && !removal && { deleteData: true }),
    ...(sizes && { dataSizes: sizes }),
  });
  const timed = plan.units.some(({ mode, kind }) => mode === 'put' && isScheduled(kinds, kind))
    ? (await import('./due-work/next-times.js')).withNextTimes(plan, rows)
    : plan;
  return withPreflight(context, timed, { resources, rows }, config);
}

const isScheduled = (kinds: Kinds, kind: KindName) => kinds[kind].schedules !== undefined;

const isIn =
  (addresses: readonly Address[]) =>
  ({ kind, name }: Row) =>
    addresses.includes(addressOf(kind, name));

function isRemoved(resources: readonly Resource[], targets: readonly Address[]) {
  const stays = isIn(resources.map(({ address }) => address));
  const isTarget = targets.length > 0 ? isIn(targets) : () => true;
  return (row: Row) => !stays(row) && isTarget(row);
}

/**
 * The plan that restarts one container, by its row alone, if it has ended. It does not search for
 * orphans: compared with one row, the rest of the stack would count as orphaned.
 *
 * @param all the other rows
 */
export async function planHeal(context: Context, row: Row, all: readonly Row[]): Promise<Plan> {
  const resource = resourceFromRow(row);
  const { stack } = row;
  const { kinds } = context;
  const observed = observe(kinds, [resource], [row], await hostOf(context).probe(), context.paths);
  const { paths } = context;
  const targets = [resource.address];
  const resources = [resource];
  const plan = buildPlan({
    stack,
    resources,
    rows: [row],
    peers: ofStack(stack, all),
    observed,
    kinds,
    paths,
    targets,
  });
  return withPreflight(context, plan, { resources, rows: [row] });
}

/**
 * The plan, checked by `preflight`: what would fail is rejected or blocked.
 *
 * @param config absent: the resources come from the records
 */
export async function withPreflight(
  context: Context,
  plan: Plan,
  { resources, rows }: { resources: readonly Resource[]; rows: readonly Row[] },
  config?: Config,
): Promise<Plan> {
  if (!plan.units.some(({ mode }) => mode === 'put')) return plan;
  const { loadPreflights, preflight } = await import('../plan/preflight.js');
  const host = await hostOf(context).preconditions();
  const preflights = await loadPreflights(context.kinds);
  const input = { resources, rows, paths: context.paths, preflights };
  if (!config) return preflight(plan, host, { ...input, where: recordedPlace });
  const where = (resource: Resource, at: readonly (string | number)[] = []) =>
    resource.entry
      ? config.where([...resource.entry, ...placeIn(resource, at)])
      : `cannot start ${resource.address}`;
  const checked = preflight(plan, host, { ...input, where });
  const check = { plan: checked, ...input, config, where };
  const warnings = await hostOf(context).checkProxies(check);
  if (warnings.length === 0) return checked;
  return { ...checked, warnings: [...(checked.warnings ?? []), ...warnings] };
}

function placeIn({ places = {} }: Resource, at: readonly (string | number)[]) {
  const [key = '', index, ...rest] = at;
  const place = typeof index === 'number' ? places[key]?.[index] : undefined;
  return place === undefined ? at : [key, place, ...rest];
}

const recordedPlace = ({ address }: Resource) => `cannot start ${address}`;
