import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import { stackName } from '../../app/lookup.js';
import { planDestroy, planStack } from '../../app/make-plan.js';
import { type PlanFlags, planOptionsOf } from '../../app/options.js';
import { refuseStandardInput, savePlan, sourceOf } from '../../app/saved-plan.js';
import type { Plan } from '../../model/plan.js';
import { addCommonOptions, addPlanFlags } from '../options.js';
import { outputIsIncidental } from '../output.js';
import { openContext } from '../terminal.js';

interface PlanOptions extends PlanFlags {
  destroy?: boolean;
  volumes?: boolean;
  detailedExitcode?: boolean;
  out?: string;
  json?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('plan')
    .description('show what would be done, and do nothing')
    .option('--destroy', 'what `destroy` would do')
    .option('--volumes', 'with --destroy: volumes too, with all data in them')
    .option('--detailed-exitcode', 'exit with 0 for no changes, 2 for changes, 1 for an error')
    .option('--out <file>', 'save the plan, for `apply FILE`')
    .option('--json', 'one JSON object a line');
  addPlanFlags(addCommonOptions(command))
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
  const records = context.cachedRecords() ?? context.state();
  const { rows, serial } = records;
  const wishes = { ...planOptionsOf(options), health: 'ask' } as const;
  const plan = config
    ? await planStack(context, config, records, wishes)
    : await destruction(context, await stackName(context), rows, wishes, options.volumes === true);
  await (await context.frontend.view({ ...options, destroy })).plan(plan);
  if (out !== undefined) {
    const narrowed = (options.target ?? []).length > 0;
    const saved = { root: context.site.root, destroy, narrowed, serial, plan };
    await savePlan(out, { ...saved, ...sourceOf(config) });
  }
  return detailedExitcode && plan.changes.length > 0 ? 2 : 0;
}

/** With what else `destroy` does. */
async function destruction(...given: Parameters<typeof planDestroy>): Promise<Plan> {
  const [context, stack, , wishes] = given;
  const plan = await planDestroy(...given);
  if ((wishes.targets ?? []).length > 0) return plan;
  const { findSchedules, scheduleWarnings } = await import('../../app/schedules.js');
  const warnings = scheduleWarnings(await findSchedules(context, stack));
  return warnings.length > 0 ? { ...plan, warnings } : plan;
}
