import type { Command } from 'commander';
import { healContainer } from '../../app/heal.js';
import { addCommonOptions } from '../options.js';
import { openContext } from '../terminal.js';

/** Called by the container's monitor when the container ends. */
export function register(program: Command): void {
  const command = program
    .command('heal', { hidden: true })
    .description('restart one container, if it has ended and its restart policy says so')
    .argument('<id>', 'as STACK.NAME');
  addCommonOptions(command).action(async (id: string, _options: unknown, self: Command) => {
    process.exitCode = await healContainer(openContext(self), id);
  });
}
