import type { Command } from 'commander';
import { type Context, openContext } from './context.js';
import { planDestroy, planStack } from './make-plan.js';
import { viewFor } from './open-view.js';
import { addCommonOptions } from './options.js';
import { outputIsIncidental } from './output.js';
import { refuseStandardInput, savePlan, sourceOf } from './saved-plan.js';
import { stackName } from './stack-name.js';
import { addWishOptions, type WishOptions, wishesOf } from './wishes.js';

interface PlanOptions extends WishOptions {
  destroy?: boolean;
  detailedExitcode?: boolean;
  out?: string;
  json?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('plan')
    .description('show what would be done, and do nothing')
    .option('--destroy', 'what `destroy` would do')
    .option('--detailed-exitcode', 'exit with 0 for no changes, 2 for changes, 1 for an error')
    .option('--out <file>', 'save the plan, for `apply FILE`')
    .option('--json', 'one JSON object a line');
  addWishOptions(addCommonOptions(command))
    .addHelpText('after', '\nExample:\n  baleine plan --out today.plan && baleine apply today.plan')
    .action(async (options: PlanOptions, self: Command) => {
      process.exitCode = await runPlan(openContext(self), options);
    });
}

async function runPlan(context: Context, options: PlanOptions): Promise<number> {
  const { destroy = false, out, detailedExitcode } = options;
  if (out !== undefined) {
    refuseStandardInput(context.options.file);
    outputIsIncidental();
  }
  const config = destroy ? undefined : await context.config();
  const records = context.knownRecords() ?? context.state();
  const { rows, serial } = records;
  const wishes = { ...wishesOf(options), health: 'ask' } as const;
  const plan = config
    ? await planStack(context, config, records, wishes)
    : await planDestroy(context, await stackName(context), rows, wishes);
  await (await viewFor(context, options, destroy)).plan(plan);
  if (out !== undefined) {
    await savePlan(out, { root: context.site.root, destroy, serial, plan, ...sourceOf(config) });
  }
  return detailedExitcode && plan.changes.length > 0 ? 2 : 0;
}
