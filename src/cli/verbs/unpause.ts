import type { Command } from 'commander';
import type { Home } from '../home.js';
import { addJson, registerNamed, toEach } from './running.js';

export function register(parent: Command, home: Home = 'file'): void {
  const describe = (command: Command) =>
    addJson(command).description('let paused containers go on');
  registerNamed(parent, home, 'unpause', describe, async (context, rows, options) => {
    const { runtime } = await context.host();
    await toEach(rows, 'unpause', options, (id) => runtime.freeze(id, false));
  });
}
