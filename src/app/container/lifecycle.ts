import { kinds } from '../../kinds/index.js';
import { type Address, addressOf } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ContainerSpec } from '../../model/specs.js';
import type { Store } from '../../state/store.js';
import type { Context } from '../context.js';
import { withGrace } from '../grace.js';
import { executeBriefly, withStoreOrWait } from '../imperative/change.js';
import { oneOffError } from '../imperative/record.js';
import type { RunRow } from '../jobs/runs.js';
import { type ContainerRow, findContainers } from '../lookup.js';
import { planRecorded } from '../make-plan.js';
import type { ChangeOptions, PlanOptions } from '../options.js';

interface LifecycleOptions extends ChangeOptions {
  /** Grace period in milliseconds before a container is killed; default: its own. */
  time?: number;
}

type Action = (
  context: Context,
  store: Store,
  rows: ContainerRow[],
  options: LifecycleOptions,
) => Promise<number>;

export type LifecycleVerb = 'start' | 'stop' | 'restart';

const ACTIONS: Record<LifecycleVerb, Action> = { start, stop, restart };

/** Starts, stops or restarts containers of a stack, all of them when none is named. */
export function changeLifecycle(
  context: Context,
  verb: LifecycleVerb,
  stack: string,
  names: readonly string[],
  options: LifecycleOptions,
): Promise<number> {
  return withStoreOrWait(context, options, (store) =>
    ACTIONS[verb](context, store, selected(store.rows, stack, names, verb), options),
  );
}

/** A one-off container starts with its command, and only once. */
function selected(
  rows: readonly Row[],
  stack: string,
  names: readonly string[],
  verb: LifecycleVerb,
): ContainerRow[] {
  const found = findContainers(rows, stack, names, verb);
  if (verb === 'stop') return found;
  const [transient] = found.filter(isTransient);
  if (transient && names.length > 0)
    throw oneOffError(transient, `${verb} container ${transient.name}`);
  return found.filter((row) => !isTransient(row));
}

const isTransient = ({ spec: { one_off, run } }: ContainerRow) => (one_off ?? run) !== undefined;

async function restart(
  context: Context,
  store: Store,
  rows: ContainerRow[],
  options: LifecycleOptions,
): Promise<number> {
  const idle = await idleOf(context, rows);
  return reconcile(context, store, asStopped(store, idle), rows, options, asRunning, {
    restart: rows.filter((row) => !idle.includes(row)).map(addressIn),
  });
}

/** A container whose process has ended counts as stopped, whatever its row says. */
async function start(
  context: Context,
  store: Store,
  rows: ContainerRow[],
  options: LifecycleOptions,
): Promise<number> {
  const idle = await idleOf(context, rows);
  return reconcile(context, store, asStopped(store, idle), rows, options, asRunning);
}

async function idleOf(context: Context, rows: ContainerRow[]): Promise<ContainerRow[]> {
  const probe = await context.probe();
  return rows.filter(
    ({ spec, facts }) => !kinds.container.observe(spec, facts, probe, context.paths)?.running,
  );
}

/** The rows with some containers marked as stopped, so that everything they need is created. */
function asStopped(store: Store, rows: ContainerRow[]): Row[] {
  const keys = rows.map(keyOf);
  return store.rows.map((row) =>
    keys.includes(keyOf(row)) ? withSpec(row, { stopped: true }) : row,
  );
}

const asRunning = ({ stopped: _stopped, ...spec }: ContainerSpec): ContainerSpec => spec;

async function stop(
  context: Context,
  store: Store,
  rows: ContainerRow[],
  options: LifecycleOptions,
): Promise<number> {
  const oneOffs = rows.filter(({ spec }) => spec.one_off);
  const { runtime } = await context.host();
  for (const { spec, facts } of oneOffs) {
    const { id, stop_signal: signal, stop_grace_period } = spec;
    await runtime.stop(id, facts, { signal, grace: options.time ?? stop_grace_period });
  }
  const runs = rows.filter(({ spec }) => spec.run);
  if (runs.length > 0) await endRuns(context, store, runs as RunRow[]);
  const others = rows.filter((row) => !isTransient(row));
  if (oneOffs.length + runs.length > 0 && others.length === 0) return 0;
  const toStop = (spec: ContainerSpec): ContainerSpec => ({ ...spec, stopped: true });
  return reconcile(context, store, store.rows, others, options, toStop);
}

/** The next ones start when they are due. */
async function endRuns(context: Context, store: Store, runs: readonly RunRow[]): Promise<void> {
  const { endRun } = await import('../jobs/runs.js');
  for (const row of runs) await endRun(context, store, row, 'stopped by baleine stop');
}

/** Stops recorded containers, also those that have ended already. The caller holds the lock. */
export const stopContainers = stop;

/** Brings these containers into another state and leaves the rest of the stack as recorded. */
async function reconcile(
  context: Context,
  store: Store,
  seen: readonly Row[],
  about: ContainerRow[],
  options: LifecycleOptions,
  edit: (spec: ContainerSpec) => ContainerSpec,
  planOptions: PlanOptions = {},
): Promise<number> {
  const [first] = about;
  if (!first) throw new UserError('cannot find a container: the stack has none');
  const specs = new Map<Address, ContainerSpec>(
    about.map(({ name, spec }) => [addressOf('container', name), edit(spec)]),
  );
  const change = (each: Resource): Resource => {
    const spec = specs.get(each.address);
    return spec ? { ...each, spec } : each;
  };
  const targets = [...specs.keys()];
  const plan = await planRecorded(context, first.stack, seen, change, { ...planOptions, targets });
  await recordIntent(store, about, edit);
  return executeBriefly(context, store, options, withGrace(plan, options.time));
}

/**
 * Records the intent to run before the start is tried: if it fails, the next apply continues. A stop is
 * recorded once it is done.
 */
async function recordIntent(
  store: Store,
  rows: ContainerRow[],
  edit: (spec: ContainerSpec) => ContainerSpec,
): Promise<void> {
  const changed = rows
    .map((row) => ({ ...row, spec: edit(row.spec) }))
    .filter(({ spec }, index) => !spec.stopped && rows[index]?.spec.stopped);
  await Promise.all(changed.map((row) => store.put(row)));
}

function withSpec(row: Row, part: Partial<ContainerSpec>): Row {
  return { ...row, spec: { ...(row.spec as ContainerSpec), ...part } };
}

const addressIn = ({ name }: Row) => addressOf('container', name);
const keyOf = ({ kind, stack, name }: Row) => `${kind} ${stack} ${name}`;
