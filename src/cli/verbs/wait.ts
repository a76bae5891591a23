import type { Command } from 'commander';
import { UserError } from '../../model/errors.js';
import { print } from '../hand/print.js';
import type { Home } from '../home.js';
import { registerNamed } from './running.js';

export function register(parent: Command, home: Home = 'file'): void {
  const describe = (command: Command) =>
    command.description('wait until containers have ended, and print their exit codes');
  registerNamed(parent, home, 'wait', describe, async ({ site }, rows) => {
    const { waitForEnd } = await import('../../host/linux/runtime/wait.js');
    for (const { name, spec } of rows) {
      const code = await waitForEnd(site, spec.id);
      if (code !== undefined) print(`${code}\n`);
      else
        throw new UserError(
          `cannot tell how container ${name} ended: it was stopped or never started`,
        );
    }
  });
}
