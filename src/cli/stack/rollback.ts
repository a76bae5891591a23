import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import { desiredResources } from '../../app/desired-resources.js';
import type { RunOptions } from '../../app/options.js';
import { planRollback } from '../../app/rollback.js';
import { propose, withStore } from '../../app/with-lock.js';
import { pinReleases } from '../../execute/checkpoint.js';
import type { Config } from '../../model/config.js';
import { jsonText } from '../../model/printable.js';
import type { ContainerSpec } from '../../model/specs.js';
import { rollbackError, serviceInstances } from '../../plan/rollback.js';
import type { Store } from '../../state/store.js';
import { addCommonOptions, addRunOptions } from '../options.js';
import { print } from '../output.js';
import { openContext } from '../terminal.js';

interface Options extends RunOptions {
  undo?: boolean;
}

/** Milliseconds. Who types a command rather waits for cron's run than be sent away. */
const LOCK_TIMEOUT = 10_000;

const NOTES = `
The image, command, environment, limits, volumes, health check and the port of servers are those that
its containers had before their last change; bridges, published ports and the number of them stay. It
is held there: plan says so, apply and cron keep to it, until the file or the image asks for something
else than it does now. It goes one step back: a second time is refused.

Examples:
  baleine rollback shop
  baleine rollback --undo shop && baleine apply`;

export function register(program: Command): void {
  const command = program
    .command('rollback')
    .description('have a farm or container as it was before its last change')
    .argument('<service>', 'a farm, or an entry of containers')
    .option('--undo', 'hold it back no longer; the next apply has it as the file says');
  addRunOptions(addCommonOptions(command))
    .addHelpText('after', NOTES)
    .action(async (name: string, options: Options, self: Command) => {
      process.exitCode = await run(openContext(self), name, options);
    });
}

async function run(context: Context, name: string, options: Options): Promise<number> {
  const config = await context.config();
  const { lockTimeout = LOCK_TIMEOUT } = options;
  const code = await withStore(context, { ...options, lockTimeout }, async (store) => {
    if (options.undo) return undo(context, config, name, store, options);
    const plan = await planRollback(context, config, store.rows, name);
    return propose(context, plan, store, options, false, {
      before: () => pinReleases(plan, store),
    });
  });
  return code ?? 0;
}

async function undo(
  context: Context,
  config: Config,
  name: string,
  store: Store,
  { json, quiet }: Options,
): Promise<number> {
  const members = serviceInstances(
    name,
    await desiredResources(config, context, store.rows),
    config.name,
  );
  const rows = members.flatMap((each) => store.find('container', config.name, each.name) ?? []);
  const held = rows.filter(({ spec }) => (spec as ContainerSpec).held);
  if (held.length === 0)
    throw rollbackError(name, 'it is not rolled back, so there is nothing to undo');
  const freed = held.map(({ spec, ...row }) => {
    const { held: _held, ...rest } = spec as ContainerSpec;
    return { ...row, spec: rest };
  });
  await Promise.all(freed.map((row) => store.put(row)));
  const said = json
    ? jsonText({ type: 'rollback-undone', service: name })
    : `${name} is held back no longer: the next apply has it as the file says`;
  if (json || !quiet) print(`${said}\n`);
  return 0;
}
