import { resolve } from 'node:path';
import type { Note } from '../model/plan.js';
import { findDestroyed } from '../state/aux-tables.js';
import { clearFailure } from '../state/failure-memory.js';
import type { Store } from '../state/store.js';
import { cleanUpStack } from './cleanup-run-dir.js';
import type { Context } from './context.js';
import { contextOf } from './engine.js';
import { withGrace } from './grace.js';
import { stackName } from './lookup.js';
import { planDestroy } from './make-plan.js';
import { coversWholeStack, type PlanFlags, planOptionsOf, type RunOptions } from './options.js';
import { findSchedules, scheduleWarnings, stopSchedules, warn } from './schedules.js';
import { propose, withStore } from './with-lock.js';

export interface DestroyOptions extends PlanFlags, RunOptions {
  /** Default: the file's. */
  stack?: string;
  /** Delete volumes with their data. */
  volumes?: boolean;
  /** Grace period in milliseconds before a container is killed; default: its own. */
  timeout?: number;
}

/** Removes everything recorded of a stack; answers the exit code. */
export async function destroyStack(
  local: Context,
  options: DestroyOptions,
): Promise<number | undefined> {
  const config = options.stack === undefined ? await local.config() : undefined;
  const context = config ? await contextOf(local, config) : local;
  const stack = config?.name ?? (await stackName(local, options.stack));
  const code = await withStore(context, options, async (store) => {
    if (options.volumes) (await import('./volume-users.js')).refuseShared(store.rows, stack);
    const planOptions = planOptionsOf(options);
    const deleteData = options.volumes === true;
    const planned = await planDestroy(context, stack, store.rows, planOptions, deleteData);
    const plan = withGrace(planned, options.timeout);
    if (!coversWholeStack({ ...planOptions, refresh: true })) {
      return propose(context, plan, store, options, true);
    }
    const schedules = await findSchedules(context, stack);
    const warnings = scheduleWarnings(schedules);
    const which = { stack, ...(options.stack === undefined && { file: context.options.file }) };
    // without a plan, the user still has to know what may run
    if (options.quiet) for (const each of schedules.others) warn(context, `not removed: ${each}`);
    const notes = [...(plan.notes ?? []), ...(await keptSnapshots(context, stack))];
    const shown = {
      ...plan,
      ...(notes.length > 0 && { notes }),
      ...(warnings.length > 0 && { warnings }),
    };
    const code = await propose(context, shown, store, options, true, {
      alsoWhenEmpty: schedules.blocks.length > 0 || isUnrecorded(context, stack, store),
      before: () => stopSchedules(context, which, schedules, store),
    });
    // also for a stack that was planned and never applied
    const isEmpty = !store.rows.some(
      (row) => row.stack === stack && !context.kinds[row.kind].keepsData,
    );
    if (code === 0 && plan.changes.length === 0 && isEmpty) cleanUpStack(context.paths, stack);
    return code;
  });
  if ((code ?? 0) === 0) clearFailure(context.paths, resolve(context.options.file));
  return code;
}

async function keptSnapshots(context: Context, stack: string): Promise<Note[]> {
  const { snapshotNotes } = await import('./snapshot-notes.js');
  return snapshotNotes(context, stack);
}

/** Whether the destruction still has to be recorded, though only data is left, which is kept. */
function isUnrecorded({ paths: { root } }: Context, stack: string, { rows }: Store): boolean {
  return rows.some((row) => row.stack === stack) && !findDestroyed(root, { stack });
}
