import type { Command } from 'commander';
import type { StackScope } from '../../app/lookup.js';
import { addJson, registerNamed, toEach } from './running.js';

export function register(parent: Command, scope: StackScope = 'file'): void {
  const describe = (command: Command) =>
    addJson(command).description('hold all processes of containers still');
  registerNamed(parent, scope, 'pause', describe, async (context, rows, options) => {
    const { runtime } = await context.host();
    await toEach(rows, 'pause', options, (id) => runtime.freeze(id, true));
  });
}
