import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from '../../app/context.js';
import { stackName } from '../../app/lookup.js';
import { sampleUsage, statsBetween } from '../../app/usage.js';
import type { Row } from '../../model/resource.js';
import type { ContainerStats } from '../../model/usage.js';
import { statsTable } from '../../view/tables.js';
import { addCommonOptions } from '../options.js';
import { HOME, print, printJson } from '../output.js';
import { openContext } from '../terminal.js';

interface StatsOptions {
  allStacks?: true;
  stack?: string;
  stream: boolean;
  json?: true;
  interval: number;
}

const EXAMPLES = `
Examples:
  baleine stats
  baleine stats --no-stream --json web-1`;

export function register(program: Command): void {
  const command = program
    .command('stats')
    .description('show the resource usage of running containers')
    .argument('[name...]', 'only these')
    .option('--all-stacks', 'of every stack')
    .option('--stack <name>', 'the stack, without its file')
    .option('--no-stream', 'print once')
    .option('--json', 'one JSON array, one a line when streaming')
    .option('--interval <seconds>', 'time between two samples', seconds, 1);
  addCommonOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((names: string[], options: StatsOptions, self: Command) =>
      stream(openContext(self), names, options),
    );
}

/** CPU time is counted since the start: the present usage takes two samples. */
async function stream(context: Context, names: string[], options: StatsOptions): Promise<void> {
  const stack = options.allStacks ? undefined : await stackName(context, options.stack);
  const probe = await context.probe();
  const isShown = (row: Row) =>
    row.kind === 'container' &&
    (stack === undefined || row.stack === stack) &&
    (names.length === 0 || names.includes(row.name));
  const sample = () => sampleUsage(context.state().rows.filter(isShown), probe, context.paths);
  for (let before = sample(); ; ) {
    await sleep(options.interval * 1000);
    const now = sample();
    show(statsBetween(before, now), stack === undefined, options);
    if (!options.stream) return;
    before = now;
  }
}

function show(stats: ContainerStats[], stacks: boolean, { json, stream }: StatsOptions): void {
  if (json) printJson(stats);
  else print((stream && process.stdout.isTTY ? HOME : '') + statsTable(stats, { stacks }));
}

function seconds(text: string): number {
  const value = Number(text);
  if (value >= 0.1 && value <= 3600) return value;
  throw new InvalidArgumentError('It must be a number of seconds from 0.1 to 3600.');
}
