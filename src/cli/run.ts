import type { Command } from 'commander';
import { remember } from '../apply/remember.js';
import { LockedError } from '../model/errors.js';
import type { Outcome } from '../model/events.js';
import type { Plan } from '../model/plan.js';
import type { Store } from '../state/store.js';
import type { Context } from './context.js';
import { type OutputOptions, viewFor } from './open-view.js';
import { count, duration } from './options.js';

/** Of a command that changes what is on record. */
export interface LockOptions {
  lockTimeout?: number;
  lockSkip?: boolean;
}

export function addLockOptions(command: Command): Command {
  return command
    .option('--lock-timeout <duration>', 'wait so long for another baleine, as 30s', duration)
    .option('--lock-skip', 'when another baleine is at work, end with 0; for cron');
}

/** What `apply` and `destroy` have in common. */
export interface RunOptions extends OutputOptions, LockOptions {
  autoApprove?: boolean;
  parallelism?: number;
  /** True for a plan that is not carried out this time; exit code 1. */
  postpones?: (plan: Plan) => boolean;
}

export function addRunOptions(command: Command): Command {
  command
    .option('-y, --auto-approve', 'do not ask')
    .option('--quiet', 'not one byte when nothing changed; for cron')
    .option('--json', 'one JSON object a line')
    .option('--parallelism <n>', 'most steps at a time (default: 10)', count);
  return addLockOptions(command);
}

/**
 * Works on the state with the lock held; answers the exit code, undefined when another has the lock
 * and that is fine.
 */
export async function withStore(
  context: Context,
  { lockTimeout = 0, lockSkip = false }: LockOptions,
  work: (store: Store) => Promise<number>,
): Promise<number | undefined> {
  const lock = await context.lock({ timeoutMs: lockTimeout }).catch((error: unknown) => {
    if (lockSkip && error instanceof LockedError && !error.stragglers) return undefined;
    throw error;
  });
  if (!lock) return undefined;
  try {
    await context.clearAbandoned();
    return await work(context.store());
  } finally {
    lock.release({ removeIfEmpty: true });
  }
}

/**
 * Shows a plan, asks unless told not to, and carries it out; answers the exit code.
 *
 * @param around what is done once the plan is approved, and once it has failed
 */
export async function propose(
  context: Context,
  plan: Plan,
  store: Store,
  options: RunOptions,
  destroy: boolean,
  around: Around = {},
): Promise<number> {
  const view = await viewFor(context, options, destroy);
  await view.plan(plan);
  await remember(plan, store);
  if (plan.changes.length === 0) return 0;
  if (options.postpones?.(plan)) return 1;
  if (!options.autoApprove) {
    const { approve } = await import('./prompt.js');
    if (!(await approve(options, destroy))) return 1;
  }
  const { exitCode, outcomeOf } = await import('./carry-out.js');
  await around.before?.(plan);
  const how = { destroy, parallelism: options.parallelism };
  const outcome = await outcomeOf(context, plan, store, view, how);
  if (outcome.status === 'failed') await around.failed?.(plan, outcome);
  return exitCode(outcome);
}

interface Around {
  before?: (plan: Plan) => Promise<void>;
  failed?: (plan: Plan, outcome: Outcome) => Promise<void>;
}
