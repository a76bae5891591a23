import type { Command } from 'commander';
import type { Config } from '../model/config.js';
import { UserError } from '../model/errors.js';
import type { Outcome } from '../model/events.js';
import type { Plan } from '../model/plan.js';
import type { Store } from '../state/store.js';
import { type Context, openContext } from './context.js';
import { planRecorded, planStack } from './make-plan.js';
import { viewFor } from './open-view.js';
import { addCommonOptions } from './options.js';
import { readConfig } from './read-config.js';
import { addRunOptions, propose, type RunOptions, withStore } from './run.js';
import { stackName } from './stack-name.js';
import { tellOnce, type Unwatched } from './tell-once.js';
import { addWaitOptions, type WaitOptions, waitHealthy } from './wait.js';
import { addWishOptions, type WishOptions, wishesOf } from './wishes.js';

type ApplyOptions = WishOptions & RunOptions & WaitOptions & { stack?: string };

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
  addWaitOptions(addWishOptions(addRunOptions(addCommonOptions(command))))
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, options: ApplyOptions, self: Command) => {
      const context = openContext(self);
      const run = (more: Partial<Unwatched>) => applyWhat(context, file, { ...options, ...more });
      process.exitCode = isUnattended(options)
        ? await tellOnce(context, run)
        : ((await run({})) ?? 0);
    });
}

function applyWhat(context: Context, planfile: string | undefined, options: ApplyOptions) {
  if (planfile !== undefined) return applySaved(context, planfile, options);
  if (options.stack !== undefined) return applyRecorded(context, options.stack, options);
  return applyStack(context, options);
}

/** As from cron, for a file. Whoever looks on wants to see a failure each time. */
function isUnattended({ quiet, autoApprove, stack }: ApplyOptions): boolean {
  return quiet === true && autoApprove === true && !process.stderr.isTTY && stack === undefined;
}

/** The file is read before the lock is taken: a mistake in it leaves no trace. */
async function applyStack(context: Context, options: ApplyOptions): Promise<number | undefined> {
  const config = await context.config();
  const code = await withStore(context, options, async (store) => {
    const plan = await planStack(context, config, store, {
      ...wishesOf(options),
      health: 'note',
    });
    const failed = afterFailure(context, config, store, options);
    const code = await propose(context, plan, store, options, false, { failed });
    if (code === 0 && store.rows.some(({ stack }) => stack === config.name)) context.keepConfig();
    return code;
  });
  return code === 0 && options.wait ? waitHealthy(context, config.name, options) : code;
}

/** What a farm's update policy may ask for then. */
function afterFailure(context: Context, config: Config, store: Store, options: ApplyOptions) {
  return async (plan: Plan, outcome: Outcome) => {
    if (!plan.rollbacks) return;
    const { rollBackFailed } = await import('./roll-back-failed.js');
    await rollBackFailed(context, config, store, options, plan, outcome);
  };
}

/** Nothing new is asked for: only what the host has lost comes back. */
async function applyRecorded(
  context: Context,
  given: string,
  options: ApplyOptions,
): Promise<number | undefined> {
  const stack = await stackName(context, given);
  const code = await withStore(context, options, async (store) => {
    const wishes = { ...wishesOf(options), health: 'note' } as const;
    const plan = await planRecorded(context, stack, store.rows, (each) => each, wishes);
    return propose(context, plan, store, options, false);
  });
  return code === 0 && options.wait ? waitHealthy(context, stack, options) : code;
}

async function applySaved(
  context: Context,
  file: string,
  options: ApplyOptions,
): Promise<number | undefined> {
  refuseWishes(options);
  const { readPlan, refuseStale } = await import('./saved-plan.js');
  const saved = readPlan(file);
  const code = await withStore(context, options, async (store) => {
    await refuseStale(saved, context.site.root, store.serial);
    const { plan, destroy } = saved;
    const view = await viewFor(context, options, destroy);
    if (plan.changes.length === 0) {
      await view.plan(plan);
      return 0;
    }
    const { exitCode, outcomeOf } = await import('./carry-out.js');
    const { parallelism } = options;
    const outcome = await outcomeOf(context, plan, store, view, { destroy, parallelism });
    if (outcome.status === 'failed' && plan.rollbacks && saved.source) {
      const config = await readConfig(saved.source.file);
      await afterFailure(context, config, store, options)(plan, outcome);
    }
    return exitCode(outcome);
  });
  return code === 0 && options.wait ? waitHealthy(context, saved.plan.stack, options) : code;
}

function refuseWishes({ target, replace, refresh, stack }: ApplyOptions): void {
  if (!target && !replace && refresh !== false && stack === undefined) return;
  throw new UserError(
    'cannot change a saved plan: --stack, --target, --replace and --refresh are for `plan --out`',
    'Make a new one with: baleine plan --out FILE',
  );
}
