import type { Command } from 'commander';
import { describeContainers } from '../../app/container-list.js';
import type { StackScope } from '../../app/lookup.js';
import { printOne } from '../output.js';
import { type NamedOptions, registerNamed } from './running.js';

interface Options extends NamedOptions {
  json?: true;
}

export function register(parent: Command, scope: StackScope = 'file'): void {
  const describe = (command: Command) =>
    command.description('all that is known of containers, as JSON').option('--json', 'on one line');
  registerNamed<Options>(parent, scope, 'inspect', describe, async (context, rows, { json }) => {
    const probe = await context.probe();
    const found = rows.map((row) => {
      const { spec, facts, needs, protect } = row;
      const [listed] = describeContainers([row], probe, context.site);
      return { ...listed, ...facts, spec, needs, protect };
    });
    printOne(found, json === true);
  });
}
