import { kinds } from '../kinds/index.js';
import type { Event, Outcome } from '../model/events.js';
import type { Plan, Unit } from '../model/plan.js';
import { findDestroyed } from '../state/aux-tables.js';
import type { Store } from '../state/store.js';
import type { View } from '../view/view.js';
import { cleanUpRunDir, cleanUpStack } from './cleanup-run-dir.js';
import type { Context } from './context.js';
import { eventLogger } from './event-log.js';
import { INTERRUPTED } from './failure.js';
import type { Frontend } from './frontend.js';

export interface ExecutionOptions {
  destroy: boolean;
  parallelism?: number | undefined;
  /** A signal ends the steps that are under way, which then fail, instead of waiting for their end. */
  undo?: boolean;
  /** Wait to see whether what was started stays up. */
  verify?: boolean | undefined;
}

/** Does what a plan says and shows it; answers the exit code. The caller holds the lock. */
export async function executeForExitCode(
  context: Context,
  plan: Plan,
  store: Store,
  view: View,
  options: ExecutionOptions,
): Promise<number> {
  return exitCode(await executePlan(context, plan, store, view, options));
}

/** As `carryOut`, for a caller to whom it matters how it went. */
export async function executePlan(
  context: Context,
  plan: Plan,
  store: Store,
  view: View,
  { destroy, parallelism = DEFAULT_PARALLELISM, undo = false, verify = false }: ExecutionOptions,
): Promise<Outcome> {
  const { execute } = await import('../execute/execute.js');
  const handlers = await context.handlers();
  const run = undo ? uninterrupted : context.frontend.interruptible;
  const outcome = await run(async (stop) => {
    await view.start(plan);
    const log = eventLogger(context.paths, plan);
    const emit = (event: Event) => {
      view.event(event);
      log(event);
    };
    const lookAgain = async (units: readonly Unit[]) => {
      const { verifyStarted } = await import('./verify-started.js');
      return verifyStarted(context, store, units, plan.stack);
    };
    const deps = { store, handlers, emit, parallelism, stop, keepGoing: destroy };
    return execute(plan, verify ? { ...deps, verify: lookAgain } : deps);
  });
  if (hasAwaited(plan)) await recordEnded(context, store);
  // the kept data of a destroyed stack needs nothing of what a run leaves for the next
  const { root } = context.paths;
  const rows = store.rows.filter(
    ({ kind, stack }) => !kinds[kind].keepsData || !findDestroyed(root, { stack }),
  );
  if (!rows.some(({ stack }) => stack === plan.stack)) cleanUpStack(context.paths, plan.stack);
  if (rows.length === 0) cleanUpRunDir(context.paths);
  await view.finish(plan, outcome);
  return outcome;
}

/** The caller handles interrupts. */
const uninterrupted: Frontend['interruptible'] = (work) => work(new AbortController().signal);

/** Something was started because something else has completed: that holds also after the next boot. */
const hasAwaited = ({ units }: Plan) =>
  units.some(({ steps }) => steps.some(({ verb }) => verb === 'container.await'));

async function recordEnded(context: Context, store: Store): Promise<void> {
  const { outdatedRows } = await import('./imperative/refresh.js');
  const rows = outdatedRows(store.rows, await context.probe(), context);
  await Promise.all(rows.map((row) => store.put(row)));
}

/** As Terraform has it: most steps wait, for a program, the disk, or a process to end. */
const DEFAULT_PARALLELISM = 10;

export function exitCode({ status }: Outcome): number {
  return { done: 0, failed: 1, interrupted: INTERRUPTED }[status];
}
