import { type Command, Option } from 'commander';
import { changeLifecycle, type LifecycleVerb } from '../../app/container/lifecycle.js';
import { pauseContainers, unpauseContainers } from '../../app/container/running.js';
import { type StackScope, scopedStack } from '../../app/lookup.js';
import type { ChangeOptions } from '../../app/options.js';
import { addGrace, addScopeOptions, duration } from '../options.js';
import { openContext } from '../terminal.js';
import { addJson, type NamedOptions, printEach, registerNamed } from './running.js';

interface Options extends ChangeOptions, NamedOptions {
  json?: true;
  timeout?: number;
  time?: number;
}

const DESCRIPTIONS: Record<LifecycleVerb, string> = {
  start: 'start containers that are stopped or have ended',
  stop: 'end containers and keep their disks; they stay so until `start`',
  restart: 'stop containers and start them',
};

export const registerStart = (parent: Command, scope: StackScope = 'file') =>
  registerLifecycle(parent, 'start', scope);

export const registerStop = (parent: Command, scope: StackScope = 'file') =>
  registerLifecycle(parent, 'stop', scope);

export const registerRestart = (parent: Command, scope: StackScope = 'file') =>
  registerLifecycle(parent, 'restart', scope);

/** Without a name: all containers of the stack, where the scope is a file. */
function registerLifecycle(parent: Command, verb: LifecycleVerb, scope: StackScope): void {
  const command = parent
    .command(verb)
    .description(DESCRIPTIONS[verb])
    .argument(scope === 'imperative' ? '<name...>' : '[name...]')
    .option('--json', 'one JSON object a line')
    .option('--lock-timeout <duration>', 'wait for another baleine (default 10s)', duration);
  if (verb !== 'start') {
    addGrace(command);
    const old = new Option('--time <duration>', 'the same as --timeout').argParser(duration);
    command.addOption(old.hideHelp());
  }
  const family = scope === 'imperative' ? 'container ' : '';
  addScopeOptions(command, scope)
    .addHelpText('after', `\nExample:\n  baleine ${family}${verb} web`)
    .action(async (names: string[], options: Options, self: Command) => {
      const context = openContext(self);
      const stack = await scopedStack(context, options.stack, scope, names);
      const { timeout: time = options.time } = options;
      const how = { ...options, ...(time !== undefined && { time }) };
      process.exitCode = await changeLifecycle(context, verb, stack, names, how);
    });
}

export function registerPause(parent: Command, scope: StackScope = 'file'): void {
  const describe = (command: Command) =>
    addJson(command).description('pause all processes of containers');
  registerNamed(parent, scope, 'pause', describe, (context, rows, options) =>
    printEach('pause', pauseContainers(context, rows), options),
  );
}

export function registerUnpause(parent: Command, scope: StackScope = 'file'): void {
  const describe = (command: Command) => addJson(command).description('resume paused containers');
  registerNamed(parent, scope, 'unpause', describe, (context, rows, options) =>
    printEach('unpause', unpauseContainers(context, rows), options),
  );
}
