import type { Command } from 'commander';
import { apply } from '../../app/apply.js';
import type { ApplyOptions } from '../../app/apply-stack.js';
import { UserError } from '../../model/errors.js';
import { addCommonOptions, addLockOptions, addWaitOptions } from '../options.js';
import { openContext } from '../terminal.js';

const EXAMPLES = `
The same as \`apply -y\`: it shows the plan and does not ask. Containers run in the background:
\`logs -f NAME\` follows one, \`stop\` stops them.

Examples:
  baleine up -d
  baleine up -d --wait`;

interface Options extends ApplyOptions {
  detach?: true;
}

export function register(program: Command): void {
  const command = program
    .command('up')
    .description('converge the host to the file without asking; in the background')
    .option('-d, --detach', 'in the background, which is the only way so far')
    .option('--remove-orphans', 'accepted for compatibility; always on')
    .option('--json', 'one JSON object a line');
  addWaitOptions(addLockOptions(addCommonOptions(command)))
    .addHelpText('after', EXAMPLES)
    .action(async ({ detach, ...options }: Options, self: Command) => {
      if (!detach && !options.wait) {
        throw new UserError(
          'cannot run a stack in the foreground',
          'Give -d (--detach); afterwards `baleine logs -f NAME` shows the output of a container.',
        );
      }
      process.exitCode =
        (await apply(openContext(self), undefined, { ...options, autoApprove: true })) ?? 0;
    });
}
