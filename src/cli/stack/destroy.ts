import type { Command } from 'commander';
import { type DestroyOptions, destroyStack } from '../../app/destroy.js';
import { addCommonOptions, addPlanFlags, addRunOptions } from '../options.js';
import { openContext } from '../terminal.js';

const EXAMPLES = `
The data of volumes is kept for the next apply, unless with --volumes. The lines of \`baleine cron
install\` are removed; other crontab lines do not bring the stack back.

Examples:
  baleine destroy
  baleine destroy --volumes
  baleine destroy --stack shop -y`;

export function register(program: Command): void {
  const command = program
    .command('destroy')
    .description('remove all resources of the stack; volumes keep their data unless --volumes')
    .option('--stack <name>', 'the stack, if its file no longer exists')
    .option('--volumes', 'also delete its volumes with all their data');
  addPlanFlags(addRunOptions(addCommonOptions(command)), { replace: false })
    .addHelpText('after', EXAMPLES)
    .action(async (options: DestroyOptions, self: Command) => {
      process.exitCode = (await destroyStack(openContext(self), options)) ?? 0;
    });
}
