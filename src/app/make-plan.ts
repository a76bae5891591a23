import { hasResolver } from '../farm/resolver.js';
import { scaleTargets } from '../farm/scale.js';
import type { Probe } from '../host/ports.js';
import { checkPublishedPorts, opensPorts } from '../kinds/container/port-conflicts.js';
import { desired } from '../kinds/desired.js';
import type { Context as DesiredContext } from '../kinds/desired-context.js';
import { desiredImperative } from '../kinds/desired-imperative.js';
import { kinds } from '../kinds/index.js';
import { type Address, addressOf, IMPERATIVE_STACK } from '../model/address.js';
import type { Config } from '../model/config.js';
import type { Plan } from '../model/plan.js';
import { type Resource, type Row, resourceFromRow } from '../model/resource.js';
import type { ContainerSpec } from '../model/specs.js';
import { buildPlan } from '../plan/build.js';
import { assumeNoDrift, observe } from '../plan/observe.js';
import { emptyPlan } from '../plan/plan-notes.js';
import type { Context } from './context.js';
import type { Records } from './fast-path/index.js';
import { desiredInput, livePlanHost } from './live-plan-host.js';
import { coversWholeStack, type PlanOptions, type Selection } from './options.js';

/** The host as plans of this context see it. */
const hostOf = (context: Context) => context.planHost ?? livePlanHost(context);

/** The plan that converges the host to the file. */
export async function planStack(
  context: Context,
  config: Config,
  records: Records,
  planOptions: PlanOptions,
): Promise<Plan> {
  const { name } = config;
  const { rows } = records;
  const { scale, up, refresh = true, health } = planOptions;
  const own = ofStack(name, rows);
  const look = refresh ? startObserving(context, own, health) : undefined;
  const input = await desiredInput(config, context, rows, scale ?? up?.scale);
  const isWhole = coversWholeStack(planOptions);
  if (isWhole && look && (await context.fastPath.isInSync(input, records, look))) {
    return withWarnings(emptyPlan(name, own, kinds), config);
  }
  const declared = await withoutUnavailable(desired(input), input, look);
  const resources = [...declared, ...oneOffs(own)];
  if (up && look) {
    const { containers } = up.beside ?? input.config;
    const known = up.beside
      ? withHostsOf(resources, desired({ ...input, config: { ...input.config, containers } }))
      : resources;
    const plan = await planUp(context, config, known, rows, up, { ...planOptions, look });
    return withWarnings(plan, config);
  }
  const targets = scale && scaleTargets(Object.keys(scale), name, resources, rows);
  const options = targets ? { ...planOptions, targets } : planOptions;
  const made = await planResources(context, name, resources, rows, { ...options, look, config });
  const plan = withWarnings(made, config);
  if (isWhole) context.fastPath.noteInSync(plan, input, records, resources);
  if (opensPorts(plan)) checkPublishedPorts(input.config, hostOf(context).capacity());
  return plan;
}

/** Resolvers leave out what is unhealthy or has ended, and is not started by this plan either. */
async function withoutUnavailable(
  resources: Resource[],
  input: DesiredContext,
  look: Observe | undefined,
): Promise<Resource[]> {
  if (!look || !hasResolver(input.config)) return resources;
  const { unavailableIn } = await import('../kinds/container/unavailable.js');
  const rows = ofStack(input.config.name, input.rows);
  const unavailable = unavailableIn(resources, rows, await look(), input.paths);
  return unavailable.length > 0 ? desired({ ...input, unavailable }) : resources;
}

/** The plan of `up`, which may select services, replace them, or start what was stopped. */
async function planUp(
  context: Context,
  config: Config,
  resources: Resource[],
  rows: readonly Row[],
  up: Selection,
  { look, health }: { look: Observe; health?: PlanOptions['health'] },
): Promise<Plan> {
  const { reshape, withoutAwaits } = await import('./up/reshape.js');
  const { name } = config;
  const shaped = reshape(name, resources, rows, up, await look(), context.paths);
  const { alone = false } = up;
  const { targets, replace } = shaped;
  const how = { targets, replace, alone, look, config, ...(health && { health }) };
  const plan = await planResources(context, name, shaped.resources, shaped.rows, how);
  if (opensPorts(plan)) checkPublishedPorts(config, hostOf(context).capacity());
  return alone ? withoutAwaits(plan) : plan;
}

/** What the reader of the file found worth saying is shown with each plan. */
function withWarnings(plan: Plan, { warnings = [] }: Config): Plan {
  if (warnings.length === 0) return plan;
  const said = warnings.map((text) => ({ text }));
  return { ...plan, warnings: [...said, ...(plan.warnings ?? [])] };
}

/** The resources with the host names of others. */
function withHostsOf(resources: Resource[], others: readonly Resource[]): Resource[] {
  const hosts = others.filter(({ kind }) => kind === 'hosts');
  return resources.map(
    (each) =>
      hosts.find(({ address, kind }) => kind === each.kind && address === each.address) ?? each,
  );
}

/** Containers of `run` stay as they are until their command ends. */
const oneOffs = (rows: readonly Row[]): Resource[] =>
  rows
    .filter(({ kind, spec }) => kind === 'container' && (spec as ContainerSpec).one_off)
    .map(resourceFromRow);

const ofStack = (stack: string, rows: readonly Row[]) => rows.filter((row) => row.stack === stack);

/**
 * The plan that destroys the stack, by its rows alone.
 *
 * @param deleteData also delete its volumes
 */
export async function planDestroy(
  context: Context,
  stack: string,
  rows: readonly Row[],
  planOptions: PlanOptions,
  deleteData: boolean,
): Promise<Plan> {
  return planResources(context, stack, [], rows, planOptions, {
    reason: 'asked to be destroyed',
    deleteData,
    keepProtected: true,
  });
}

/** The plan that deletes data named by the user. */
export async function planDeleteData(
  context: Context,
  stack: string,
  rows: readonly Row[],
  targets: Address[],
): Promise<Plan> {
  const resources = ofStack(stack, rows).map(resourceFromRow);
  const others = resources.filter(({ address }) => !targets.includes(address));
  return planResources(context, stack, others, rows, { targets }, REQUESTED);
}

/** The plan that converges the host to the recorded stack as edited. */
export async function planRecorded(
  context: Context,
  stack: string,
  rows: readonly Row[],
  edit: (resource: Resource) => Resource,
  planOptions: PlanOptions & ObserveOptions,
): Promise<Plan> {
  const resources = ofStack(stack, rows).map(resourceFromRow);
  return planResources(context, stack, resources.map(edit), rows, planOptions);
}

const REQUESTED: Removal = { reason: 'requested', deleteData: true };

/** A change of imperative resources. */
export interface ImperativeChange {
  /** New resources, and changed ones of the same names. */
  config: Config;
  /** Removed resources. */
  removed: Address[];
  /** The part of the plan to execute; host names of peers are added. */
  targets: Address[];
  /** New resources that a file cannot declare. */
  made: Resource[];
  edit: (resource: Resource) => Resource;
}

/** The plan of a change of imperative resources. */
export async function planImperative(
  context: Context,
  rows: readonly Row[],
  { config, removed, targets, made, edit }: ImperativeChange,
): Promise<Plan> {
  const input = await desiredInput(config, context, rows);
  const { resources, targets: all } = desiredImperative(input, targets, removed);
  const edited = [...resources.map(edit), ...made];
  const options = { targets: all, config };
  const plan = await planResources(context, IMPERATIVE_STACK, edited, rows, options, REQUESTED);
  if (opensPorts(plan)) checkPublishedPorts(input.config, hostOf(context).capacity());
  return plan;
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
  const preflights = await loadPreflights(kinds);
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

interface ObserveOptions {
  look?: Observe | undefined;
  /** Absent: the resources come from the records. */
  config?: Config;
}

/** The same observation of the host at each call. */
type Observe = () => Promise<Probe>;

/** Starts at once: the host lists its links while the desired state is computed. */
function startObserving(
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

const isIn =
  (addresses: readonly Address[]) =>
  ({ kind, name }: Row) =>
    addresses.includes(addressOf(kind, name));

function isRemoved(resources: readonly Resource[], targets: readonly Address[]) {
  const stays = isIn(resources.map(({ address }) => address));
  const isTarget = targets.length > 0 ? isIn(targets) : () => true;
  return (row: Row) => !stays(row) && isTarget(row);
}

/** How rows without a resource are removed. */
interface Removal {
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
  }: PlanOptions & ObserveOptions & { alone?: boolean },
  removal?: Removal,
): Promise<Plan> {
  const { paths } = context;
  const rows = ofStack(stack, all);
  const endangered = removal
    ? rows.filter(isRemoved(resources, targets))
    : rows.filter(isIn(replace));
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
    ...(sizes && { dataSizes: sizes }),
  });
  return withPreflight(context, plan, { resources, rows }, config);
}
