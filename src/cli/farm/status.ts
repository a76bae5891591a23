import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { Context } from '../../app/context.js';
import { swarmOf } from '../../app/engine.js';
import { farmsOf } from '../../app/farm-data.js';
import { stackName } from '../../app/lookup.js';
import { UserError } from '../../model/errors.js';
import { farmTables } from '../../view/tables.js';
import { addCommonOptions, duration } from '../options.js';
import { HOME, print, printJson } from '../output.js';
import { openContext } from '../terminal.js';

interface Options {
  allStacks?: true;
  stack?: string;
  json?: true;
  watch?: true;
  interval: number;
}

export function register(program: Command): void {
  const family = program.command('farm').description('inspect farms');
  registerStatus(family);
}

function registerStatus(family: Command): void {
  const command = family
    .command('status')
    .description('show the servers of farms and the counters of their proxies')
    .argument('[name...]', 'only these farms')
    .option('--all-stacks', 'of every stack')
    .option('--stack <name>', 'the stack, without its file')
    .option('--json', 'one JSON array, one a line when watching')
    .option('-w, --watch', 'repeat until Ctrl-C')
    .addOption(
      new Option('--interval <duration>', 'time between two samples')
        .argParser(duration)
        .default(1000, '1s'),
    );
  addCommonOptions(command)
    .addHelpText('after', '\nExamples:\n  baleine farm status\n  baleine farm status shop --watch')
    .action((names: string[], options: Options, self: Command) =>
      show(openContext(self), names, options),
    );
}

async function show(context: Context, names: string[], options: Options): Promise<void> {
  const look = await observerOf(context, options);
  for (;;) {
    await look(names);
    if (!options.watch) return;
    await sleep(options.interval);
  }
}

/** Shows the farms of this host, or of the swarm of the file, as they are now. */
async function observerOf(context: Context, options: Options) {
  const found = options.allStacks || options.stack ? undefined : await swarmOf(context);
  if (!found) {
    const stack = options.allStacks ? undefined : await stackName(context, options.stack);
    return async (names: string[]) =>
      render(chosen(await farmsOf(context, stack), names), farmTables, options);
  }
  const { swarm, config } = found;
  const [{ listFarms }, { farmTaskTables }] = await Promise.all([
    import('../../app/swarm/tasks.js'),
    import('../../view/task-table.js'),
  ]);
  const farms = Object.keys(config.farms);
  return async (names: string[]) =>
    render(chosen(await listFarms(swarm, config.name, farms), names), farmTaskTables, options);
}

function chosen<Farm extends { name: string }>(farms: Farm[], names: string[]): Farm[] {
  const missing = names.find((name) => !farms.some((farm) => farm.name === name));
  if (missing !== undefined) {
    const all = farms.map(({ name }) => name).join(', ');
    throw new UserError(`cannot find farm ${missing}`, all ? `There is: ${all}` : 'There is none.');
  }
  return names.length === 0 ? farms : farms.filter(({ name }) => names.includes(name));
}

function render<Farm>(
  farms: Farm[],
  table: (farms: Farm[]) => string,
  { json, watch }: Options,
): void {
  if (json) printJson(farms);
  else print((watch && process.stdout.isTTY ? HOME : '') + table(farms));
}
