import type { Command } from 'commander';
import { containerId } from './container-id.js';
import { openContext } from './context.js';
import { addCommonOptions, count } from './options.js';

interface Options {
  follow?: true;
  lines?: number;
  timestamps?: true;
  stack?: string;
}

/** `baleine logs NAME`; `-f` follows here, so the file is `--file`. */
export function register(program: Command): void {
  const command = program
    .command('logs')
    .description('show what a container has printed')
    .argument('<name>', 'the container')
    .option('-f, --follow', 'go on until the container ends')
    .option('-n, --lines <n>', 'only the last ones', count)
    .option('-t, --timestamps', 'with the time of each line')
    .option('--stack <name>', 'the container’s stack; default: the one of the file');
  addCommonOptions(command, { short: false }).action(run);
}

async function run(name: string, options: Options, command: Command) {
  const context = openContext(command);
  const id = await containerId(context, name, options.stack);
  const { readLog } = await import('../host/linux/runtime/logs.js');
  const { printLog } = await import('../view/logs.js');
  const lines = readLog(context.site, id, {
    follow: options.follow ?? false,
    ...(options.lines !== undefined && { last: options.lines }),
  });
  await printLog(lines, { timestamps: options.timestamps ?? false });
}
