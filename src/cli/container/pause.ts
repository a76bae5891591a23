import type { Command } from 'commander';
import type { Home } from '../../app/lookup.js';
import { addJson, registerNamed, toEach } from './running.js';

export function register(parent: Command, home: Home = 'file'): void {
  const describe = (command: Command) =>
    addJson(command).description('hold all processes of containers still');
  registerNamed(parent, home, 'pause', describe, async (context, rows, options) => {
    const { runtime } = await context.host();
    await toEach(rows, 'pause', options, (id) => runtime.freeze(id, true));
  });
}
