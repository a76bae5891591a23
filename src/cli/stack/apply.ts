import { isatty } from 'node:tty';
import type { Command } from 'commander';
import type { ApplyOptions } from '../../app/apply-stack.js';
import type { Context } from '../../app/context.js';
import { notifyFailures, type UnattendedRun } from '../../app/failure-notifier.js';
import { isNoOp } from '../../app/no-op-check.js';
import { coversWholeStack, planOptionsOf } from '../../app/options.js';
import { kinds } from '../../kinds/index.js';
import { emptyPlan } from '../../plan/plan-notes.js';
import { addCommonOptions, addPlanFlags, addRunOptions, addWaitOptions } from '../options.js';
import { openContext } from '../terminal.js';

const EXAMPLES = `
Examples:
  baleine apply
  baleine apply --target container.web-1 -y
  * * * * * root baleine -f /srv/shop/baleine.yaml apply -y --quiet --lock-skip`;

export function register(program: Command): void {
  const command = program
    .command('apply')
    .description('make it so: show what would be done, ask, and do it')
    .argument('[planfile]', 'a plan saved by `plan --out`, carried out without asking')
    .option('--stack <name>', 'this stack as it is on record, without its file; - for by hand');
  addWaitOptions(addPlanFlags(addRunOptions(addCommonOptions(command))))
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, options: ApplyOptions, self: Command) => {
      const context = openContext(self);
      const unattended = isUnattended(options);
      const run = (more: Partial<UnattendedRun>) =>
        applyWhat(context, file, { ...options, unattended, ...more });
      process.exitCode =
        unattended && options.quiet && options.stack === undefined
          ? await notifyFailures(context, run)
          : ((await run({})) ?? 0);
    });
}

async function applyWhat(context: Context, planfile: string | undefined, options: ApplyOptions) {
  if (planfile === undefined && options.stack === undefined) return applyFile(context, options);
  const { applyRecorded, applySaved } = await import('../../app/apply-stack.js');
  return planfile === undefined
    ? applyRecorded(context, options.stack as string, options)
    : applySaved(context, planfile, options);
}

/**
 * The file is read before the lock is taken: a mistake in it leaves no trace. What it takes to change
 * something is loaded when there is something to change.
 */
async function applyFile(context: Context, options: ApplyOptions): Promise<number | undefined> {
  const looking = coversWholeStack(planOptionsOf(options)) ? context.probeUnlocked() : undefined;
  // whatever stops us first is told
  looking?.catch(() => undefined);
  const config = await context.config();
  if (!looking || options.wait || !(await isNoOp(context, config, looking))) {
    const { applyStack } = await import('../../app/apply-stack.js');
    return applyStack(context, config, options);
  }
  if (options.quiet && !options.json) return 0;
  const view = await context.frontend.view(options);
  const rows = context.cachedRecords()?.rows.filter(({ stack }) => stack === config.name);
  await view.plan(emptyPlan(config.name, rows ?? [], kinds));
  return 0;
}

/** As from cron: nobody is there to be asked, and what is meant for cron alone is asked for. */
function isUnattended({ quiet, autoApprove, lockSkip }: ApplyOptions): boolean {
  return (quiet === true || lockSkip === true) && autoApprove === true && !isatty(2);
}
