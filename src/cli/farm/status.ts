import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { Context } from '../../app/context.js';
import { farmsOf } from '../../app/farm-data.js';
import { stackName } from '../../app/lookup.js';
import { UserError } from '../../model/errors.js';
import type { FarmStatus } from '../../model/farm-status.js';
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
  const stack = options.allStacks ? undefined : await stackName(context, options.stack);
  for (;;) {
    const farms = await farmsOf(context, stack);
    render(chosen(farms, names), options);
    if (!options.watch) return;
    await sleep(options.interval);
  }
}

function chosen(farms: FarmStatus[], names: string[]): FarmStatus[] {
  const missing = names.find((name) => !farms.some((farm) => farm.name === name));
  if (missing !== undefined) {
    const all = farms.map(({ name }) => name).join(', ');
    throw new UserError(`cannot find farm ${missing}`, all ? `There is: ${all}` : 'There is none.');
  }
  return names.length === 0 ? farms : farms.filter(({ name }) => names.includes(name));
}

function render(farms: FarmStatus[], { json, watch }: Options): void {
  if (json) printJson(farms);
  else print((watch && process.stdout.isTTY ? HOME : '') + farmTables(farms));
}
