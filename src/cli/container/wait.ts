import type { Command } from 'commander';
import type { StackScope } from '../../app/lookup.js';
import { UserError } from '../../model/errors.js';
import { print, printJson } from '../output.js';
import { addJson, registerNamed } from './running.js';

export function register(parent: Command, scope: StackScope = 'file'): void {
  const describe = (command: Command) =>
    addJson(command).description('wait until containers have ended, and print their exit codes');
  registerNamed(parent, scope, 'wait', describe, async ({ site }, rows, { json }) => {
    const { waitForEnd } = await import('../../host/linux/runtime/stop.js');
    for (const { name, stack, spec } of rows) {
      const code = await waitForEnd(site, spec.id);
      if (code === undefined) {
        throw new UserError(
          `cannot tell how container ${name} ended: it was stopped or never started`,
        );
      }
      if (json) printJson({ action: 'wait', name, stack, code });
      else print(`${code}\n`);
    }
  });
}
