import type { Command } from 'commander';
import { type ShowPlanOptions, showPlan } from '../../app/show-plan.js';
import { addCommonOptions, addPlanFlags } from '../options.js';
import { outputIsIncidental } from '../output.js';
import { openContext } from '../terminal.js';

export function register(program: Command): void {
  const command = program
    .command('plan')
    .description('show what apply would change, without changing anything')
    .option('--destroy', 'what `destroy` would do')
    .option('--volumes', 'with --destroy: also volumes with all their data')
    .option('--detailed-exitcode', 'exit with 0 for no changes, 2 for changes, 1 for an error')
    .option('--out <file>', 'save the plan, for `apply FILE`')
    .option('--json', 'one JSON object a line');
  addPlanFlags(addCommonOptions(command))
    .addHelpText('after', '\nExample:\n  baleine plan --out today.plan && baleine apply today.plan')
    .action(async (options: ShowPlanOptions, self: Command) => {
      // a plan that is saved has done its work whether it can be printed or not
      if (options.out !== undefined) outputIsIncidental();
      process.exitCode = await showPlan(openContext(self), options);
    });
}
