import type { Command } from 'commander';
import { kinds } from '../../kinds/index.js';
import { type Address, addressOf } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ContainerSpec } from '../../model/specs.js';
import type { Store } from '../../state/store.js';
import { type Context, openContext } from '../context.js';
import { type ChangeOptions, carryOutBriefly, withRecord } from '../hand/change.js';
import { addHomeOptions, type Home, homeStack } from '../home.js';
import { planRecorded } from '../make-plan.js';
import { duration } from '../options.js';
import { type ContainerRow, containersOf } from './rows.js';

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

/** `start`, `stop` or `restart`. Without a name, at the file’s home, of all in the stack. */
export function registerLifecycle(parent: Command, verb: string, home: Home): void {
  const found = VERBS[verb];
  if (!found) throw new Error(`no verb ${verb}`);
  const { act, description, stops } = found;
  const command = parent
    .command(verb)
    .description(description)
    .argument(home === 'hand' ? '<name...>' : '[name...]')
    .option('--json', 'one JSON object a line')
    .option('--lock-timeout <duration>', 'wait so long for another baleine (10s)', duration);
  if (stops)
    command.option('-t, --time <duration>', 'before it is killed; default: its own', duration);
  const family = home === 'hand' ? 'container ' : '';
  addHomeOptions(command, home)
    .addHelpText('after', `\nExample:\n  baleine ${family}${verb} web`)
    .action(async (names: string[], options: Options, self: Command) => {
      const context = openContext(self);
      const stack = await homeStack(context, options.stack, home);
      process.exitCode = await withRecord(context, options, (store) =>
        act(context, store, containersOf(store.rows, stack, names, verb), options),
      );
    });
}

async function restart(
  context: Context,
  store: Store,
  rows: ContainerRow[],
  options: Options,
): Promise<number> {
  await refuseUnstartable(context, store, rows);
  const code = await stop(context, store, rows, options);
  return code === 0 ? start(context, store, rows, options) : code;
}

/** What could not be started again is not stopped. @throws UserError */
async function refuseUnstartable(
  context: Context,
  store: Store,
  rows: ContainerRow[],
): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const keys = rows.map(keyOf);
  const stopped = store.rows.map((row) =>
    keys.includes(keyOf(row)) ? withSpec(row, { stopped: true }) : row,
  );
  const edit = (resource: Resource): Resource => {
    if (resource.kind !== 'container') return resource;
    const { stopped: _stopped, ...spec } = resource.spec as ContainerSpec;
    return { ...resource, spec };
  };
  const targets = rows.map(({ name }) => addressOf('container', name));
  const { units } = await planRecorded(context, first.stack, stopped, edit, { targets });
  const causes = new Set(units.flatMap(({ blocked }) => blocked ?? []));
  if (causes.size > 0) throw new UserError([...causes]);
}

/** One whose process has ended counts as stopped, whatever is on record. */
async function start(
  context: Context,
  store: Store,
  rows: ContainerRow[],
  options: Options,
): Promise<number> {
  const probe = await context.probe();
  const idle = rows
    .filter(
      ({ spec, facts }) => !kinds.container.observe(spec, facts, probe, context.site)?.running,
    )
    .map(keyOf);
  const seen = store.rows.map((row) =>
    idle.includes(keyOf(row)) ? withSpec(row, { stopped: true }) : row,
  );
  return settle(context, store, seen, rows, options, ({ stopped: _stopped, ...spec }) => spec);
}

async function stop(
  context: Context,
  store: Store,
  rows: ContainerRow[],
  options: Options,
): Promise<number> {
  const { time } = options;
  const hasty = time === undefined ? {} : { stop_grace_period: time };
  const keys = rows.map(keyOf);
  const seen = store.rows.map((row) => (keys.includes(keyOf(row)) ? withSpec(row, hasty) : row));
  return settle(context, store, seen, rows, options, (spec) => ({ ...spec, stopped: true }));
}

/** Has these containers in another state, the rest of the stack as it is on record. */
async function settle(
  context: Context,
  store: Store,
  seen: Row[],
  about: ContainerRow[],
  options: Options,
  edit: (spec: ContainerSpec) => ContainerSpec,
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
  const plan = await planRecorded(context, first.stack, seen, change, { targets });
  return carryOutBriefly(context, store, options, plan);
}

function withSpec(row: Row, part: Partial<ContainerSpec>): Row {
  return { ...row, spec: { ...(row.spec as ContainerSpec), ...part } };
}

const keyOf = ({ kind, stack, name }: Row) => `${kind} ${stack} ${name}`;
