import { hasResolver } from '../farm/resolver.js';
import { scaleTargets } from '../farm/scale.js';
import { checkPublishedPorts, opensPorts } from '../kinds/container/port-conflicts.js';
import { desired } from '../kinds/desired.js';
import type { Context as DesiredContext } from '../kinds/desired-context.js';
import { desiredImperative } from '../kinds/desired-imperative.js';
import { kinds } from '../kinds/index.js';
import { type Address, IMPERATIVE_STACK } from '../model/address.js';
import { type Config, entriesOf } from '../model/config.js';
import type { Plan } from '../model/plan.js';
import { type Resource, type Row, resourceFromRow } from '../model/resource.js';
import type { ContainerSpec } from '../model/specs.js';
import { emptyPlan } from '../plan/plan-notes.js';
import type { Context } from './context.js';
import type { Records } from './fast-path/index.js';
import { desiredInput } from './live-plan-host.js';
import { coversWholeStack, type PlanOptions, type Selection } from './options.js';
import {
  hostOf,
  type Observe,
  type ObserveOptions,
  ofStack,
  planResources,
  type Removal,
  startObserving,
} from './plan-resources.js';

/** The plan that converges the host to the file. */
export async function planStack(
  context: Context,
  config: Config,
  records: Records,
  planOptions: PlanOptions,
): Promise<Plan> {
  if (context.engine === 'swarm') {
    const { planSwarm } = await import('./swarm/plan.js');
    return planSwarm(context, config, records, planOptions);
  }
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
  const resources = [...declared, ...transient(own)];
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
  if (planOptions.removeVolumes) {
    const removed = plan.changes.filter(({ action }) => action === 'delete');
    const addresses = new Set(removed.map(({ address }) => address));
    (await import('./volume-users.js')).refuseShared(rows, name, (each) => addresses.has(each));
  }
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
function withWarnings(plan: Plan, config: Config): Plan {
  const warnings = [...(config.warnings ?? []), ...placements(config)];
  if (warnings.length === 0) return plan;
  const said = warnings.map((text) => ({ text }));
  return { ...plan, warnings: [...said, ...(plan.warnings ?? [])] };
}

/** What a swarm is asked for, and one host has. */
function placements(config: Config): string[] {
  return entriesOf(config).flatMap(({ path, entry: { placement } }) => {
    const { constraints = [], spread = [], max_per_node } = placement ?? {};
    const isNone = constraints.length + spread.length === 0 && max_per_node === undefined;
    const place = config.where([...path, 'placement']);
    return isNone ? [] : [`${place}: placement has no effect: this host is the only one`];
  });
}

/** The resources with the host names of others. */
function withHostsOf(resources: Resource[], others: readonly Resource[]): Resource[] {
  const hosts = others.filter(({ kind }) => kind === 'hosts');
  return resources.map(
    (each) =>
      hosts.find(({ address, kind }) => kind === each.kind && address === each.address) ?? each,
  );
}

/** Containers of `run`, and runs of jobs, stay as they are until their command ends. */
const transient = (rows: readonly Row[]): Resource[] =>
  rows
    .filter(({ kind, spec }) => {
      const { one_off, run } = kind === 'container' ? (spec as ContainerSpec) : {};
      return (one_off ?? run) !== undefined;
    })
    .map(resourceFromRow);

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
