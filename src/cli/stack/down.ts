import type { Command } from 'commander';
import { type DestroyOptions, destroyStack } from '../../app/destroy.js';
import { addCommonOptions, addLockOptions } from '../options.js';
import { openContext } from '../terminal.js';

const EXAMPLES = `
The same as \`destroy -y\`: it shows what it removes and does not ask.

Examples:
  baleine down
  baleine down --volumes`;

export function register(program: Command): void {
  const command = program
    .command('down')
    .description('remove the stack without asking; volumes keep their data unless --volumes')
    .option('--stack <name>', 'the stack, if its file no longer exists')
    .option('-v, --volumes', 'also delete its volumes with all their data')
    .option('--remove-orphans', 'accepted for compatibility; always on')
    .option('--json', 'one JSON object a line');
  addLockOptions(addCommonOptions(command))
    .addHelpText('after', EXAMPLES)
    .action(async (options: DestroyOptions, self: Command) => {
      const approved = { ...options, autoApprove: true };
      process.exitCode = (await destroyStack(openContext(self), approved)) ?? 0;
    });
}
