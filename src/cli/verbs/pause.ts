import type { Command } from 'commander';
import type { Home } from '../home.js';
import { registerNamed, toEach } from './running.js';

export function register(parent: Command, home: Home = 'file'): void {
  const describe = (command: Command) =>
    command.description('hold all processes of containers still');
  registerNamed(parent, home, 'pause', describe, async (context, rows) => {
    const { runtime } = await context.host();
    await toEach(rows, 'pause', (id) => runtime.freeze(id, true));
  });
}
