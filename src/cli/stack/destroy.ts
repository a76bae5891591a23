import { resolve } from 'node:path';
import type { Command } from 'commander';
import { cleanUpStack } from '../../app/cleanup-run-dir.js';
import type { Context } from '../../app/context.js';
import { stackName } from '../../app/lookup.js';
import { planDestroy } from '../../app/make-plan.js';
import {
  coversWholeStack,
  type PlanFlags,
  planOptionsOf,
  type RunOptions,
} from '../../app/options.js';
import { findSchedules, scheduleWarnings, stopSchedules, warn } from '../../app/schedules.js';
import { propose, withStore } from '../../app/with-lock.js';
import { forgetFailure } from '../../state/failure-memory.js';
import { findDestroyed } from '../../state/notebook.js';
import type { Store } from '../../state/store.js';
import { addCommonOptions, addPlanFlags, addRunOptions } from '../options.js';
import { openContext } from '../terminal.js';

interface DestroyOptions extends PlanFlags, RunOptions {
  stack?: string;
  volumes?: boolean;
}

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
    .description('take away all that is on record of the stack, but for the data in its volumes')
    .option('--stack <name>', 'the stack, when its file is gone')
    .option('--volumes', 'its volumes too, with all data in them');
  addPlanFlags(addRunOptions(addCommonOptions(command)), { replace: false })
    .addHelpText('after', EXAMPLES)
    .action(async (options: DestroyOptions, self: Command) => {
      const context = openContext(self);
      process.exitCode = (await destroyStack(context, options)) ?? 0;
      if (process.exitCode === 0) forgetFailure(context.site, resolve(context.options.file));
    });
}

async function destroyStack(
  context: Context,
  options: DestroyOptions,
): Promise<number | undefined> {
  const stack = await stackName(context, options.stack);
  return withStore(context, options, async (store) => {
    const wishes = planOptionsOf(options);
    const plan = await planDestroy(context, stack, store.rows, wishes, options.volumes === true);
    if (!coversWholeStack({ ...wishes, refresh: true })) {
      return propose(context, plan, store, options, true);
    }
    const schedules = await findSchedules(context, stack);
    const warnings = scheduleWarnings(schedules);
    const which = { stack, ...(options.stack === undefined && { file: context.options.file }) };
    // who sees no plan is to know all the same what may still run
    if (options.quiet) for (const each of schedules.others) warn(context, `not removed: ${each}`);
    const shown = { ...plan, ...(warnings.length > 0 && { warnings }) };
    const code = await propose(context, shown, store, options, true, {
      alsoWhenEmpty: schedules.blocks.length > 0 || isNews(context, stack, store),
      before: () => stopSchedules(context, which, schedules, store),
    });
    // also of a stack that was planned and never applied
    if (code === 0 && plan.changes.length === 0) cleanUpStack(context.site, stack);
    return code;
  });
}

/** Whether it is to be noted that the stack was destroyed, though only its data is left, which stays. */
function isNews({ site: { root } }: Context, stack: string, { rows }: Store): boolean {
  return rows.some((row) => row.stack === stack) && !findDestroyed(root, { stack });
}
