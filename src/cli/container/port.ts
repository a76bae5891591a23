import type { Command } from 'commander';
import { publishedPorts } from '../../app/container/ports.js';
import { type StackScope, scopedStack } from '../../app/lookup.js';
import { addScopeOptions } from '../options.js';
import { print, printJson } from '../output.js';
import { openContext } from '../terminal.js';

interface Options {
  stack?: string;
  json?: true;
}

/** `port NAME [PORT]`: as in Compose, only the host's address for one port. */
export function registerPort(parent: Command, scope: StackScope = 'file'): void {
  const isImperative = scope === 'imperative';
  const command = parent
    .command('port')
    .description('show which host ports lead to a container')
    .argument('<name>', isImperative ? 'the container' : 'a container, service or farm')
    .argument('[port]', 'a port of the container, as 80 or 80/tcp: print its host address only')
    .option('--json', 'one JSON array');
  addScopeOptions(command, scope)
    .addHelpText('after', `\nExample:\n  baleine ${isImperative ? 'container ' : ''}port web 80`)
    .action(async (name: string, port: string | undefined, options: Options, self: Command) => {
      const context = openContext(self);
      const stack = await scopedStack(context, options.stack, scope, [name]);
      const found = publishedPorts(context, stack, name, port);
      if (options.json) return printJson(found);
      const several = new Set(found.map(({ container }) => container)).size > 1;
      for (const each of found) {
        const from = `${several ? `${each.container} ` : ''}${each.private} -> `;
        print(`${port === undefined ? from : ''}${each.host}\n`);
      }
    });
}

export { registerPort as register };
