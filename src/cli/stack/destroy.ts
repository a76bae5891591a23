import type { Command } from 'commander';
import { type DestroyOptions, destroyStack } from '../../app/destroy.js';
import { addCommonOptions, addPlanFlags, addRunOptions } from '../options.js';
import { openContext } from '../terminal.js';

const EXAMPLES = `
What is in volumes is kept, and taken up again by the next apply, unless --volumes is given. The
lines of \`baleine cron install\` go; no other line that is left brings the stack back.

Examples:
  baleine destroy
  baleine destroy --volumes
  baleine destroy --stack shop -y`;

export function register(program: Command): void {
  const command = program
    .command('destroy')
    .description('remove all resources of the stack; volumes keep their data unless --volumes')
    .option('--stack <name>', 'the stack, when its file is gone')
    .option('--volumes', 'also its volumes with all their data');
  addPlanFlags(addRunOptions(addCommonOptions(command)), { replace: false })
    .addHelpText('after', EXAMPLES)
    .action(async (options: DestroyOptions, self: Command) => {
      process.exitCode = (await destroyStack(openContext(self), options)) ?? 0;
    });
}
