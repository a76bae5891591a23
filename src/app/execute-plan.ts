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
  /** A signal ends running steps, which then fail, instead of waiting for them. */
  undo?: boolean;
  /** Wait to see whether what was started stays up. */
  verify?: boolean | undefined;
}

/** Executes a plan and shows its progress; answers the exit code. The caller holds the lock. */
export async function executeForExitCode(
  context: Context,
  plan: Plan,
  store: Store,
  view: View,
  options: ExecutionOptions,
): Promise<number> {
  return exitCode(await executePlan(context, plan, store, view, options));
}

/** As `executeForExitCode`, for a caller that needs the outcome. */
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
  // the kept data of a destroyed stack needs no caches for the next run
  const { root } = context.paths;
  const rows = store.rows.filter(
    ({ kind, stack }) => !context.kinds[kind].keepsData || !findDestroyed(root, { stack }),
  );
  if (!rows.some(({ stack }) => stack === plan.stack)) cleanUpStack(context.paths, plan.stack);
  if (rows.length === 0) cleanUpRunDir(context.paths);
  await view.finish(plan, outcome);
  return outcome;
}

/** The caller handles interrupts. */
const uninterrupted: Frontend['interruptible'] = (work) => work(new AbortController().signal);

/** A container was started because another one has completed: this must survive a reboot. */
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
