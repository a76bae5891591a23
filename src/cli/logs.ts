import type { Command } from 'commander';
import { containerId } from './container-id.js';
import { type Context, openContext } from './context.js';
import { addHomeOptions, type Home } from './home.js';
import { count } from './options.js';

interface Options {
  follow?: true;
  lines?: number;
  timestamps?: true;
  json?: true;
  stack?: string;
}

/** `baleine logs NAME`; `-f` follows here, so the file is `--file`. */
export function register(program: Command, home: Home = 'file'): void {
  const command = program
    .command('logs')
    .description('show what a container has printed')
    .argument('<name>', 'the container')
    .option('-f, --follow', 'go on until the container ends')
    .option('-n, --lines <n>', 'only the last ones', count)
    .option('-t, --timestamps', 'with the time of each line')
    .option('--json', 'a JSON object a line: time, stream and text');
  const family = home === 'hand' ? 'container ' : '';
  addHomeOptions(command, home, { short: false })
    .addHelpText('after', `\nExample:\n  baleine ${family}logs -f -n 20 web`)
    .action((name: string, options: Options, self: Command) =>
      run(openContext(self), name, options, home),
    );
}

async function run(context: Context, name: string, options: Options, home: Home) {
  const id = await containerId(context, name, options.stack, home);
  const { readLog } = await import('../host/linux/runtime/logs.js');
  const { printLog } = await import('../view/logs.js');
  const lines = readLog(context.site, id, {
    follow: options.follow ?? false,
    ...(options.lines !== undefined && { last: options.lines }),
  });
  await printLog(lines, { timestamps: options.timestamps ?? false, json: options.json ?? false });
}
