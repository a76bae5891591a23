import type { Command } from 'commander';
import { openLog } from '../../app/container/running.js';
import type { Context } from '../../app/context.js';
import { containerId, type StackScope } from '../../app/lookup.js';
import { addScopeOptions, countOrNone } from '../options.js';
import { printRaw, printToStderr } from '../output.js';
import { openContext } from '../terminal.js';

interface Options {
  follow?: true;
  lines?: number;
  timestamps?: true;
  json?: true;
  raw?: true;
  stack?: string;
}

/** `baleine logs NAME`; `-f` follows here, so the file is `--file`. */
export function register(program: Command, scope: StackScope = 'file'): void {
  const command = program
    .command('logs')
    .description('show the output of a container')
    .argument('<name>', 'the container')
    .option('-f, --follow', 'keep printing until the container ends')
    .option('-n, --lines <n>', 'only the last n; 0 for new ones only', countOrNone)
    .option('-t, --timestamps', 'prefix each line with its time')
    .option('--json', 'one JSON object a line: time, stream and text')
    .option('--raw', 'keep control characters on a terminal, too');
  const family = scope === 'imperative' ? 'container ' : '';
  addScopeOptions(command, scope, { short: false })
    .addHelpText('after', `\nExample:\n  baleine ${family}logs -f -n 20 web`)
    .action((name: string, options: Options, self: Command) =>
      run(openContext(self), name, options, scope),
    );
}

async function run(context: Context, name: string, options: Options, scope: StackScope) {
  const id = await containerId(context, name, options.stack, scope);
  const { printLog } = await import('../../view/logs.js');
  const { timestamps = false, json = false, raw = false, follow = false, lines: last } = options;
  const parts = await openLog(context, id, {
    follow,
    onGap: () => printToStderr(GAP),
    ...(last !== undefined && { last }),
  });
  const escaped = (stream: 'stdout' | 'stderr') => !raw && process[stream].isTTY === true;
  await printLog(parts, { timestamps, json, escaped }, printRaw);
}

const GAP =
  'Warning: lines are missing here: the log was replaced faster than it is read (logs.max_size)\n';
