import type { Command } from 'commander';
import type { StackScope } from '../../app/lookup.js';
import { addJson, type NamedOptions, registerNamed, toEach } from './running.js';

interface Options extends NamedOptions {
  signal: string;
}

/** Says nothing of what is to be: a container that is to run always comes back. */
export function register(parent: Command, scope: StackScope = 'file'): void {
  const describe = (command: Command) =>
    addJson(command)
      .description('send a signal to the first process of containers')
      .option('-s, --signal <signal>', 'by name or number', 'SIGKILL');
  registerNamed<Options>(parent, scope, 'kill', describe, async (context, rows, options) => {
    const { runtime } = await context.host();
    await toEach(rows, 'kill', options, (id) => runtime.signal(id, options.signal));
  });
}
