import type { Address } from '../../model/address.js';
import type { Plan } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { Store } from '../../state/store.js';
import type { Context } from '../context.js';
import { executeForExitCode } from '../execute-plan.js';
import { planImperative } from '../make-plan.js';
import type { ChangeOptions } from '../options.js';
import { withStore } from '../with-lock.js';
import { type ConfigEntries, configFromFlags } from './flags-to-config.js';

/** Milliseconds. A user would rather wait for a run from cron than be refused. */
const LOCK_TIMEOUT = 10_000;

export interface Change {
  /** In messages: `create container web`. */
  purpose: string;
  entries?: ConfigEntries;
  removed?: Address[];
  /** Default: the removed resources. */
  targets?: Address[];
  made?: Resource[];
  edit?: (resource: Resource) => Resource;
}

/** Plans a change of the recorded rows, and executes it; answers the exit code. */
export function applyChange(
  context: Context,
  options: ChangeOptions,
  changeOf: (rows: readonly Row[]) => Change | Promise<Change>,
): Promise<number> {
  return withStoreOrWait(context, options, async (store) => {
    const change = await changeOf(store.rows);
    // no targets would mean all resources
    if ((change.targets ?? change.removed ?? []).length === 0) return 0;
    return executeBriefly(context, store, options, await planChange(context, store.rows, change));
  });
}

/** The plan of a change. The caller holds the lock. */
export function planChange(context: Context, rows: readonly Row[], change: Change): Promise<Plan> {
  const { purpose, entries = {}, removed = [], made = [], edit = (each) => each } = change;
  const { targets = removed } = change;
  return planImperative(context, rows, {
    config: configFromFlags(entries, purpose),
    removed,
    targets,
    made,
    edit,
  });
}

/** Runs work with the lock held. */
export async function withStoreOrWait(
  context: Context,
  { lockTimeout = LOCK_TIMEOUT }: ChangeOptions,
  work: (store: Store) => Promise<number>,
): Promise<number> {
  return (await withStore(context, { lockTimeout }, work)) ?? 0;
}

/** Executes a plan without asking: the command itself states what it does. */
export async function executeBriefly(
  context: Context,
  store: Store,
  { json = false, silent = false, undo = false }: ChangeOptions,
  plan: Plan,
): Promise<number> {
  const view = await context.frontend.view({ brief: true, json, silent });
  await view.plan(plan);
  return executeForExitCode(context, plan, store, view, { destroy: false, undo });
}
