import { type Command, Option } from 'commander';
import { type DestroyOptions, destroyStack } from '../../app/destroy.js';
import { addCommonOptions, addGrace, addLockOptions } from '../options.js';
import { openContext } from '../terminal.js';

const EXAMPLES = `
The same as \`destroy -y\`: it shows what it removes and does not ask.

Examples:
  baleine down
  baleine down -t 2
  baleine down --volumes`;

export function register(program: Command): void {
  const command = program
    .command('down')
    .description('remove the stack without asking; volumes keep their data unless --volumes')
    .option('--stack <name>', 'the stack, if its file no longer exists')
    .option('-v, --volumes', 'also delete its volumes with all their data')
    .addOption(
      new Option('--rmi <which>', 'no effect: images of the stack are removed in any case').choices(
        [...['local', 'all']],
      ),
    )
    .option('--remove-orphans', 'no effect: always on')
    .option('--json', 'one JSON object a line');
  addGrace(addLockOptions(addCommonOptions(command)))
    .addHelpText('after', EXAMPLES)
    .action(async (options: DestroyOptions, self: Command) => {
      const approved = { ...options, autoApprove: true };
      process.exitCode = (await destroyStack(openContext(self), approved)) ?? 0;
    });
}
