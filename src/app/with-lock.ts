import { saveFactUpdates } from '../execute/checkpoint.js';
import { LockedError } from '../model/errors.js';
import type { Outcome } from '../model/events.js';
import type { Plan } from '../model/plan.js';
import type { Store } from '../state/store.js';
import { type Context, isEndedRun, isOrphanedOneOff } from './context.js';
import type { LockOptions, RunOptions } from './options.js';

/**
 * Works on the state with the lock held; answers the exit code, undefined with `--lock-skip` if another
 * run holds it.
 */
export async function withStore(
  context: Context,
  { lockTimeout = 0, lockSkip = false }: LockOptions,
  work: (store: Store) => Promise<number>,
): Promise<number | undefined> {
  const lock = await context.lock({ timeoutMs: lockTimeout }).catch((error: unknown) => {
    if (lockSkip && error instanceof LockedError && error.isUsual) return undefined;
    throw error;
  });
  if (!lock) return undefined;
  try {
    await context.clearStale();
    const store = await context.store();
    if (store.rows.some(isOrphanedOneOff)) {
      const { removeOrphanedOneOffs } = await import('./one-off.js');
      await removeOrphanedOneOffs(context, store);
    }
    if (store.rows.some(isEndedRun)) {
      const { settleRuns } = await import('./jobs/runs.js');
      await settleRuns(context, store);
    }
    return await work(store);
  } finally {
    lock.release({ removeIfEmpty: true });
  }
}

/**
 * Shows a plan, asks for approval unless `autoApprove` is set, and executes it; answers the exit code.
 *
 * @param around hooks for an approved and for a failed plan
 */
export async function propose(
  context: Context,
  plan: Plan,
  store: Store,
  options: RunOptions,
  destroy: boolean,
  around: Around = {},
): Promise<number> {
  const { frontend } = context;
  const view = await frontend.view({ ...options, destroy });
  await view.plan(plan);
  await saveFactUpdates(plan, store);
  if (plan.changes.length === 0 && !around.alsoWhenEmpty) return 0;
  if (options.postpones?.(plan)) return 1;
  if (!options.autoApprove) {
    const { losses } = plan;
    if (!(await frontend.approve({ ...options, destroy, ...(losses && { losses }) }))) return 1;
  }
  await around.before?.(plan);
  if (plan.changes.length === 0) return 0;
  const { exitCode, executePlan } = await import('./execute-plan.js');
  const { parallelism, verify = true } = options;
  const how = { destroy, parallelism, verify: verify && !destroy };
  const outcome = await executePlan(context, plan, store, view, how);
  if (outcome.status === 'failed') await around.failed?.(plan, outcome);
  return exitCode(outcome);
}

interface Around {
  /** Ask for approval even without changes, because `before` has something to do. */
  alsoWhenEmpty?: boolean;
  before?: (plan: Plan) => Promise<void>;
  failed?: (plan: Plan, outcome: Outcome) => Promise<void>;
}
