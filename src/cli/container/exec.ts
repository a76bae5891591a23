import type { Command } from 'commander';
import { execIn } from '../../app/container/running.js';
import type { Context } from '../../app/context.js';
import { containerId, type StackScope } from '../../app/lookup.js';
import { addScopeOptions, append, count } from '../options.js';
import { openContext } from '../terminal.js';

interface Options {
  interactive?: true;
  tty?: true;
  env: string[];
  user?: string;
  workdir?: string;
  index?: number;
  stack?: string;
}

/** `baleine exec NAME -- CMD…`: its exit code is the command's. */
export function register(program: Command, scope: StackScope = 'file'): void {
  const command = program
    .command('exec')
    .description('run a command in a running container')
    .argument('<name>', scope === 'imperative' ? 'the container' : 'a container, service or farm')
    .argument('<command...>', 'what to run, with its arguments')
    .option('-i, --interactive', 'pass standard input on')
    .option('-t, --tty', 'give it a terminal')
    .option('-e, --env <K=V>', 'set a variable; repeatable', append, [])
    .option('-u, --user <user>', 'name, uid, name:group or uid:gid')
    .option('-w, --workdir <dir>', 'where to run it')
    .passThroughOptions();
  if (scope === 'file') {
    command.option('--index <n>', 'which instance of a service or farm; default: the first', count);
  }
  const family = scope === 'imperative' ? 'container ' : '';
  addScopeOptions(command, scope)
    .addHelpText('after', `\nExample:\n  baleine ${family}exec -it web sh`)
    .action((name: string, args: string[], options: Options, self: Command) =>
      run(openContext(self), name, args, options, scope),
    );
}

async function run(
  context: Context,
  name: string,
  args: string[],
  options: Options,
  scope: StackScope,
) {
  const id = await containerId(context, name, options.stack, scope, options.index);
  process.exitCode = await execIn(context, id, {
    args: args[0] === '--' ? args.slice(1) : args,
    environment: options.env,
    interactive: options.interactive ?? false,
    tty: options.tty ?? false,
    ...(options.user !== undefined && { user: options.user }),
    ...(options.workdir !== undefined && { working_dir: options.workdir }),
  });
}
