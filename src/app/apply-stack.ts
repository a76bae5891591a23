import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { hasDueWork } from '../kinds/due.js';
import type { Config } from '../model/config.js';
import { messageOf, UserError } from '../model/errors.js';
import type { Outcome } from '../model/events.js';
import type { Plan } from '../model/plan.js';
import type { Row } from '../model/resource.js';
import {
  clearDestroyed,
  findDestroyed,
  recordStackFile,
  type StackFile,
} from '../state/aux-tables.js';
import type { Store } from '../state/store.js';
import type { Context } from './context.js';
import type { FetchOptions } from './fetching.js';
import { healFirst } from './heal.js';
import { stackName } from './lookup.js';
import { planRecorded, planStack } from './make-plan.js';
import {
  coversWholeStack,
  type PlanFlags,
  planOptionsOf,
  type RunOptions,
  type WaitOptions,
} from './options.js';
import { withPreflight } from './plan-resources.js';
import { readConfig } from './read-config.js';
import { withDependencies } from './services.js';
import { waitHealthy } from './wait-healthy.js';
import { propose, withStore } from './with-lock.js';

export type ApplyOptions = PlanFlags &
  RunOptions &
  WaitOptions &
  FetchOptions & {
    stack?: string;
    /** Runs as if from cron: it does not recreate a stack that a person has destroyed. */
    unattended?: boolean;
  };

/** Converges the host to the file. */
export async function applyStack(
  context: Context,
  config: Config,
  options: ApplyOptions,
): Promise<number | undefined> {
  const { file } = context.options;
  const which = { stack: config.name, file };
  const code = await withStore(context, options, async (store) => {
    if (options.unattended) refuseDestroyed(context, which);
    if (isUnattended(options)) {
      context.unresolvedImages = new Map();
      if (context.engine === 'local') await healFirst(context, config, store, options);
    }
    const plan = await planStack(context, config, store, {
      ...planOptionsOf(options),
      health: 'note',
    });
    const failed = afterFailure(context, config, store, options);
    const before = () => noteApplied(context, which, options);
    const code = await propose(context, plan, store, options, false, { before, failed });
    if (code === 0) await before();
    const failures = await dueWork(context, config.name, store, options, code);
    if (context.unresolvedImages?.size) throw unresolvedError(context.unresolvedImages);
    if (code === 0 && store.rows.some(({ stack }) => stack === config.name))
      context.fastPath.store();
    if (failures.length > 0) throw new UserError(failures);
    return code;
  });
  if (code !== 0 || !options.wait) return code;
  const { services = [] } = options.up ?? {};
  const waited = services.length > 0 ? withDependencies(config, services) : undefined;
  return waitHealthy(context, config.name, options, waited);
}

/**
 * Does the work of the stack that is due, unless the plan was rejected or interrupted; answers its
 * failures. That a container does not start holds up no job.
 */
async function dueWork(
  context: Context,
  stack: string,
  store: Store,
  options: ApplyOptions,
  code: number,
): Promise<string[]> {
  const goesOn = code === 0 || (code === 1 && options.autoApprove === true);
  if (context.engine !== 'local' || !goesOn) return [];
  if (!coversWholeStack(planOptionsOf(options))) return [];
  const rows = store.rows.filter((row) => row.stack === stack);
  if (!hasDueWork(rows, Date.now())) return [];
  const { doDueWork } = await import('./due-work/index.js');
  return doDueWork(context, stack, store, options);
}

/** Without a prompt, images that cannot be inspected do not stop the rest of the run. */
const isUnattended = ({ up, ...options }: ApplyOptions) =>
  options.autoApprove === true &&
  (up?.services ?? []).length === 0 &&
  coversWholeStack(planOptionsOf(options));

function unresolvedError(unresolved: ReadonlyMap<string, Error>): UserError {
  const lines = [...unresolved].map(([name, error]) => `image.${name}: ${messageOf(error)}`);
  return new UserError(lines, 'All else was done with these images as they were before.');
}

/** Rolls back a failed update, if the farm's update policy says so. */
function afterFailure(context: Context, config: Config, store: Store, options: ApplyOptions) {
  return async (plan: Plan, outcome: Outcome) => {
    if (!plan.rollbacks) return;
    const { rollBackFailed } = await import('./rollback.js');
    await rollBackFailed(context, config, store, options, plan, outcome);
  };
}

/** Converges the host to the recorded stack: restores what the host has lost. */
export async function applyRecorded(
  context: Context,
  name: string,
  options: ApplyOptions,
): Promise<number | undefined> {
  const stack = await stackName(context, name);
  if (options.pull) {
    throw new UserError('cannot pull images of a recorded stack: --pull needs its file');
  }
  if (options.removeVolumes) {
    const text = 'cannot tell which volumes of a recorded stack are in its file no more';
    throw new UserError(text, `baleine volume rm --stack ${stack} NAME removes one.`);
  }
  const code = await withStore(context, options, async (store) => {
    if (options.unattended) refuseDestroyed(context, { stack });
    const planOptions = { ...planOptionsOf(options), health: 'note' } as const;
    const plan = await planRecorded(context, stack, store.rows, (each) => each, planOptions);
    const before = () => noteApplied(context, { stack }, options);
    const code = await propose(context, plan, store, options, false, { before });
    const failures = await dueWork(context, stack, store, options, code);
    if (failures.length > 0) throw new UserError(failures);
    return code;
  });
  return code === 0 && options.wait ? waitHealthy(context, stack, options) : code;
}

export async function applySaved(
  context: Context,
  file: string,
  options: ApplyOptions,
): Promise<number | undefined> {
  refusePlanFlags(options);
  const { readPlan, refuseStale } = await import('./saved-plan.js');
  const saved = readPlan(file);
  const code = await withStore(context, options, async (store) => {
    await refuseStale(saved, context.paths.root, store.serial);
    const { destroy } = saved;
    if (saved.source) await readPlannedFiles(context, saved.source.file, store.rows);
    const which = { stack: saved.plan.stack, ...(saved.source && { file: saved.source.file }) };
    if (options.unattended && !destroy) refuseDestroyed(context, which);
    const plan = await withPreflight(context, saved.plan, { resources: [], rows: [] });
    const view = await context.frontend.view({ ...options, destroy });
    if (plan.changes.length === 0) {
      await view.plan(plan);
      return 0;
    }
    if (!destroy) await noteApplied(context, which, options);
    else if (!saved.narrowed) {
      const { findSchedules, stopSchedules } = await import('./schedules.js');
      await stopSchedules(context, which, await findSchedules(context, plan.stack), store);
    }
    const { exitCode, executePlan } = await import('./execute-plan.js');
    const { parallelism } = options;
    const outcome = await executePlan(context, plan, store, view, {
      destroy,
      parallelism,
      verify: !destroy,
    });
    if (outcome.status === 'failed' && plan.rollbacks && saved.source) {
      const config = await readConfig(saved.source.file, saved.source.project);
      await afterFailure(context, config, store, options)(plan, outcome);
    }
    return exitCode(outcome);
  });
  return code === 0 && options.wait ? waitHealthy(context, saved.plan.stack, options) : code;
}

/** A saved plan has no contents of secrets: they are read again, and must be those planned with. */
async function readPlannedFiles(
  context: Context,
  file: string,
  rows: readonly Row[],
): Promise<void> {
  const config = await readConfig(file);
  if (!config.secrets && !config.configs) return;
  const { readMemoryFiles } = await import('./memory-files.js');
  readMemoryFiles(config, rows, await context.fileContents());
}

function refusePlanFlags(options: ApplyOptions): void {
  const { target, replace, refresh, stack, pull, removeVolumes } = options;
  const isPlain = !target && !replace && refresh !== false && !removeVolumes;
  if (isPlain && stack === undefined && !pull) return;
  throw new UserError(
    'cannot change a saved plan: --stack, --target, --replace, --refresh, --remove-volumes and --pull are for `plan --out`',
    'Make a new one with: baleine plan --out FILE',
  );
}

/** @throws UserError for a destroyed stack in an unattended run */
function refuseDestroyed({ paths: { root } }: Context, which: StackFile): void {
  const found = findDestroyed(root, which);
  if (!found) return;
  const file = which.file === undefined || which.file === '-' ? '' : ` -f ${resolve(which.file)}`;
  throw new UserError(
    `cannot apply stack ${which.stack} unattended: it was destroyed at ${found.DESTROYED_AT}`,
    [
      `To have it again, run this yourself, on a terminal or without --quiet: baleine${file} apply`,
      `To have nothing try any more: baleine cron remove${file}, or remove the line that runs this.`,
    ],
  );
}

/** An attended run brings a destroyed stack back. The file is for `ls`: a failure does not matter. */
async function noteApplied(
  { paths: { root } }: Context,
  which: StackFile,
  { unattended }: ApplyOptions,
): Promise<void> {
  if (!unattended) await clearDestroyed(root, which);
  if (existsSync(root)) await recordStackFile(root, which).catch(() => undefined);
}
