import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import { executeBriefly, withStoreOrWait } from '../../app/imperative/change.js';
import { oneOffError } from '../../app/imperative/record.js';
import {
  type ContainerRow,
  findContainers,
  type StackScope,
  scopedStack,
} from '../../app/lookup.js';
import { planRecorded } from '../../app/make-plan.js';
import type { ChangeOptions, PlanOptions } from '../../app/options.js';
import { kinds } from '../../kinds/index.js';
import { type Address, addressOf } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import type { Plan } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ContainerSpec } from '../../model/specs.js';
import type { Step } from '../../model/step.js';
import type { Store } from '../../state/store.js';
import { addScopeOptions, duration } from '../options.js';
import { openContext } from '../terminal.js';

interface Options extends ChangeOptions {
  stack?: string;
  time?: number;
}

type Act = (
  context: Context,
  store: Store,
  rows: ContainerRow[],
  options: Options,
) => Promise<number>;

const VERBS: Record<string, { act: Act; description: string; stops: boolean }> = {
  start: {
    act: start,
    description: 'start containers that are stopped or have ended',
    stops: false,
  },
  stop: {
    act: stop,
    description: 'end containers and keep their disks; they stay so until `start`',
    stops: true,
  },
  restart: { act: restart, description: 'stop containers and start them', stops: true },
};

/** `start`, `stop` or `restart`. Without a name, at the file’s scope, of all in the stack. */
export function registerLifecycle(parent: Command, verb: string, scope: StackScope): void {
  const found = VERBS[verb];
  if (!found) throw new Error(`no verb ${verb}`);
  const { act, description, stops } = found;
  const command = parent
    .command(verb)
    .description(description)
    .argument(scope === 'imperative' ? '<name...>' : '[name...]')
    .option('--json', 'one JSON object a line')
    .option('--lock-timeout <duration>', 'wait so long for another baleine (10s)', duration);
  if (stops)
    command.option('-t, --time <duration>', 'before it is killed; default: its own', duration);
  const family = scope === 'imperative' ? 'container ' : '';
  addScopeOptions(command, scope)
    .addHelpText('after', `\nExample:\n  baleine ${family}${verb} web`)
    .action(async (names: string[], options: Options, self: Command) => {
      const context = openContext(self);
      const stack = await scopedStack(context, options.stack, scope);
      process.exitCode = await withStoreOrWait(context, options, (store) =>
        act(context, store, concerned(store.rows, stack, names, verb), options),
      );
    });
}

/** One-off containers start with their command, and never again. */
function concerned(
  rows: readonly Row[],
  stack: string,
  names: readonly string[],
  verb: string,
): ContainerRow[] {
  const found = findContainers(rows, stack, names, verb);
  if (verb === 'stop') return found;
  const [oneOff] = found.filter(({ spec }) => spec.one_off);
  if (oneOff && names.length > 0) throw oneOffError(oneOff, `${verb} container ${oneOff.name}`);
  return found.filter(({ spec }) => !spec.one_off);
}

async function restart(
  context: Context,
  store: Store,
  rows: ContainerRow[],
  options: Options,
): Promise<number> {
  const idle = await idleOf(context, rows);
  return settle(context, store, asStopped(store, idle), rows, options, toRun, {
    restart: rows.filter((row) => !idle.includes(row)).map(addressIn),
  });
}

/** One whose process has ended counts as stopped, whatever is on record. */
async function start(
  context: Context,
  store: Store,
  rows: ContainerRow[],
  options: Options,
): Promise<number> {
  const idle = await idleOf(context, rows);
  return settle(context, store, asStopped(store, idle), rows, options, toRun);
}

async function idleOf(context: Context, rows: ContainerRow[]): Promise<ContainerRow[]> {
  const probe = await context.probe();
  return rows.filter(
    ({ spec, facts }) => !kinds.container.observe(spec, facts, probe, context.site)?.running,
  );
}

/** What is on record, with the rows of some as those of stopped ones: all that they need is made. */
function asStopped(store: Store, rows: ContainerRow[]): Row[] {
  const keys = rows.map(keyOf);
  return store.rows.map((row) =>
    keys.includes(keyOf(row)) ? withSpec(row, { stopped: true }) : row,
  );
}

const toRun = ({ stopped: _stopped, ...spec }: ContainerSpec): ContainerSpec => spec;

async function stop(
  context: Context,
  store: Store,
  rows: ContainerRow[],
  options: Options,
): Promise<number> {
  const oneOffs = rows.filter(({ spec }) => spec.one_off);
  const { runtime } = await context.host();
  for (const { spec, facts } of oneOffs) {
    const { id, stop_signal: signal, stop_grace_period } = spec;
    await runtime.stop(id, facts, { signal, grace: options.time ?? stop_grace_period });
  }
  const others = rows.filter((row) => !oneOffs.includes(row));
  if (oneOffs.length > 0 && others.length === 0) return 0;
  const toStop = (spec: ContainerSpec): ContainerSpec => ({ ...spec, stopped: true });
  return settle(context, store, store.rows, others, options, toStop);
}

/** Has these containers in another state, the rest of the stack as it is on record. */
async function settle(
  context: Context,
  store: Store,
  seen: readonly Row[],
  about: ContainerRow[],
  options: Options,
  edit: (spec: ContainerSpec) => ContainerSpec,
  wishes: PlanOptions = {},
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
  const plan = await planRecorded(context, first.stack, seen, change, { ...wishes, targets });
  await noteIntent(store, about, edit);
  return executeBriefly(context, store, options, withGrace(plan, options.time));
}

/**
 * That what was stopped is to run is on record before it is tried: whatever comes of the start, the next
 * apply goes on with it. A stop is on record once it is done.
 */
async function noteIntent(
  store: Store,
  rows: ContainerRow[],
  edit: (spec: ContainerSpec) => ContainerSpec,
): Promise<void> {
  const changed = rows
    .map((row) => ({ ...row, spec: edit(row.spec) }))
    .filter(({ spec }, index) => !spec.stopped && rows[index]?.spec.stopped);
  await Promise.all(changed.map((row) => store.put(row)));
}

/** With another grace period, milliseconds, for this time. */
function withGrace(plan: Plan, grace: number | undefined): Plan {
  if (grace === undefined) return plan;
  const hasten = (step: Step): Step =>
    step.verb === 'container.stop' ? { ...step, args: { ...(step.args as object), grace } } : step;
  return { ...plan, units: plan.units.map((each) => ({ ...each, steps: each.steps.map(hasten) })) };
}

function withSpec(row: Row, part: Partial<ContainerSpec>): Row {
  return { ...row, spec: { ...(row.spec as ContainerSpec), ...part } };
}

const addressIn = ({ name }: Row) => addressOf('container', name);
const keyOf = ({ kind, stack, name }: Row) => `${kind} ${stack} ${name}`;
