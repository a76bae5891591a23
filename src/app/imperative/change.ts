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

/** Milliseconds. A person would rather wait for a run from cron than be refused. */
const LOCK_TIMEOUT = 10_000;

export interface Change {
  /** What for, in messages: `create container web`. */
  purpose: string;
  entries?: ConfigEntries;
  gone?: Address[];
  /** Default: what goes. */
  targets?: Address[];
  made?: Resource[];
  edit?: (resource: Resource) => Resource;
}

/** Works out a change from the recorded rows, and executes it; answers the exit code. */
export function applyChange(
  context: Context,
  options: ChangeOptions,
  changeOf: (rows: readonly Row[]) => Change | Promise<Change>,
): Promise<number> {
  return withStoreOrWait(context, options, async (store) => {
    const change = await changeOf(store.rows);
    // no target at all would mean everything
    if ((change.targets ?? change.gone ?? []).length === 0) return 0;
    return executeBriefly(context, store, options, await planChange(context, store.rows, change));
  });
}

/** Of a change worked out with the lock held. */
export function planChange(context: Context, rows: readonly Row[], change: Change): Promise<Plan> {
  const { purpose, entries = {}, gone = [], made = [], edit = (each) => each } = change;
  const { targets = gone } = change;
  return planImperative(context, rows, {
    config: configFromFlags(entries, purpose),
    gone,
    targets,
    made,
    edit,
  });
}

/** With the lock held. */
export async function withStoreOrWait(
  context: Context,
  { lockTimeout = LOCK_TIMEOUT }: ChangeOptions,
  work: (store: Store) => Promise<number>,
): Promise<number> {
  return (await withStore(context, { lockTimeout }, work)) ?? 0;
}

/** Without asking: the command has said what is to be done. */
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
