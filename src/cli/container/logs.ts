import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from '../../app/context.js';
import { swarmOf } from '../../app/engine.js';
import { type FollowOptions, followLogs } from '../../app/follow-logs.js';
import { type StackScope, scopedStack, selectContainers } from '../../app/lookup.js';
import { UserError } from '../../model/errors.js';
import { addScopeOptions, countOrNone, moment } from '../options.js';
import { printLogs } from '../print-logs.js';
import { openContext } from '../terminal.js';

interface Options {
  follow?: true;
  tail?: number | 'all';
  lines?: number;
  since?: number;
  until?: number;
  timestamps?: true;
  json?: true;
  raw?: true;
  logPrefix: boolean;
  stack?: string;
}

/** `baleine logs [NAME...]`; `-f` follows here, so the file is `--file`. */
export function register(program: Command, scope: StackScope = 'file'): void {
  const isImperative = scope === 'imperative';
  const command = program
    .command('logs')
    .description('show the output of containers, ordered by time')
    .argument(
      isImperative ? '<name...>' : '[name...]',
      isImperative ? 'containers' : 'containers, services or farms; default: all of the stack',
    )
    .option('-f, --follow', 'keep printing until none of them runs; restarted ones are followed')
    .option('-n, --tail <n>', 'only the last n of each, or `all`; 0 for new ones only', tail)
    .addOption(new Option('--lines <n>', 'the same').argParser(countOrNone).hideHelp())
    .option('--since <time>', 'only lines from then on: 10m, 2026-03-01T08:00:00, seconds', moment)
    .option('--until <time>', 'only lines up to then', moment)
    .option('-t, --timestamps', 'prefix each line with its time')
    .option('--no-log-prefix', 'without the container’s name before each line')
    .option('--json', 'one JSON object a line: container, time, stream and text')
    .option('--raw', 'keep control characters on a terminal, too');
  const family = isImperative ? 'container ' : '';
  addScopeOptions(command, scope, { short: false })
    .addHelpText('after', `\nExample:\n  baleine ${family}logs -f -n 20 web`)
    .action((names: string[], options: Options, self: Command) =>
      run(openContext(self), names, options, scope),
    );
}

async function run(context: Context, names: string[], options: Options, scope: StackScope) {
  const { follow = false, since, until, tail = options.lines } = options;
  if (follow && until !== undefined) {
    throw new UserError('cannot follow with --until: nothing new would be shown', 'Leave out one.');
  }
  const found = scope === 'file' && !options.stack ? await swarmOf(context) : undefined;
  if (found) return runSwarm(found, names, options);
  const stack = await scopedStack(context, options.stack, scope, names);
  const rows = selectContainers(context.state().rows, stack, names, 'show the log of');
  const request: FollowOptions = {
    follow,
    ...(typeof tail === 'number' && { last: tail }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
  const isAlone = rows.length === 1 && names.length === 1 && rows[0]?.name === names[0];
  await printLogs((onGap) => followLogs(context, { stack, names }, { ...request, onGap }), {
    names: rows.map(({ name }) => name),
    color: context.options.color,
    timestamps: options.timestamps ?? false,
    json: options.json ?? false,
    raw: options.raw ?? false,
    prefix: options.logPrefix && !isAlone,
  });
}

/** The cluster keeps the logs, and sends them as they come from its nodes. */
async function runSwarm(
  { swarm, config }: NonNullable<Awaited<ReturnType<typeof swarmOf>>>,
  names: string[],
  options: Options,
): Promise<void> {
  const { follow = false, since, until, lines, tail: last = lines } = options;
  if (until !== undefined) throw new UserError('cannot end the logs of a swarm at a time');
  const { taskLogs } = await import('../../app/swarm/tasks.js');
  const request = {
    follow,
    ...(typeof last === 'number' && { last }),
    ...(since !== undefined && { since }),
  };
  await printLogs(() => taskLogs(swarm, config.name, names, request), {
    names: [],
    color: swarm.options.color,
    prefix: options.logPrefix,
    timestamps: options.timestamps ?? false,
    json: options.json ?? false,
    raw: options.raw ?? false,
  });
}

function tail(text: string): number | 'all' {
  if (text === 'all') return 'all';
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A number from 0 up, or all.');
}
