import { resolve } from 'node:path';
import { LockedError } from '../model/errors.js';
import { CRASH_LOOP } from '../model/exit.js';
import { type InstallPaths, installPaths } from '../model/install-paths.js';
import { digest } from '../model/json.js';
import type { Plan } from '../model/plan.js';
import type { ContainerSpec } from '../model/specs.js';
import {
  clearFailure,
  type FailureRecord,
  isTooSoon,
  nextRetry,
  noteFailure,
  readFailure,
  saveFailure,
} from '../state/failure-memory.js';
import type { Sink } from '../view/view.js';
import type { Context } from './context.js';
import { errorText, exitCodeOf, LOCKED } from './failure.js';

/** How an unattended run reports failures and postpones its plan. */
export interface UnattendedRun {
  /** Receives the text of failures. */
  err: Sink;
  /** Whether the plan must wait, because it has failed just before. */
  postpones: (plan: Plan) => boolean;
}

/**
 * Runs unattended work. A repeated failure is reported with growing intervals, although every run
 * exits with its code; a plan that keeps failing is retried with growing intervals, too. Recovery is
 * reported once.
 *
 * @param work answers its exit code, undefined if it skipped its turn
 */
export async function notifyFailures(
  context: Context,
  work: (how: UnattendedRun) => Promise<number | undefined>,
): Promise<number> {
  const file = resolve(context.options.file);
  const paths = memoryPaths(context);
  const before = readFailure(paths, file);
  const attempt = new Attempt(before);
  const code = await attempt.make(work);
  if (attempt.postponed) return 1;
  // with code 0: a started container does not stay up
  const isFailing = code === 1 || code === LOCKED || (code === 0 && attempt.output !== '');
  if (isFailing) {
    const { report, failing } = attempt.failed(Date.now(), code !== 0);
    saveFailure(paths, file, failing);
    if (!report) return code;
  }
  if (attempt.output !== '') context.frontend.warn(attempt.output);
  if (code === 0 && before && !isFailing && (await isSteady(context, before))) {
    recover(context, file, before);
  }
  return code ?? 0;
}

/** The paths, even if the root is refused. */
function memoryPaths(context: Context): InstallPaths {
  try {
    return context.paths;
  } catch {
    return installPaths(context.options.root);
  }
}

/** Whether the stack has recovered: everything that was restarted has stayed up. */
async function isSteady(context: Context, { loops = false }: FailureRecord): Promise<boolean> {
  return (await import('./verify-started.js')).isStackSteady(context, loops);
}

/** One run, judged with the outcome of the previous one. */
class Attempt {
  output = '';
  postponed = false;
  /** Fingerprints of the plan's changes; undefined if there was no plan. */
  #changes: string[] | undefined;
  /** Compared in place of the output, if that differs each time. */
  #key: string | undefined;

  constructor(readonly before: FailureRecord | undefined) {}

  async make(
    work: (how: UnattendedRun) => Promise<number | undefined>,
  ): Promise<number | undefined> {
    try {
      return await work({
        err: (text) => {
          this.output += text;
        },
        postpones: (plan) => this.#postpones(plan),
      });
    } catch (error) {
      // another run is at work, which suffices; a run that hangs is a failure like any other
      if (error instanceof LockedError && error.isUsual) throw error;
      if (error instanceof LockedError && error.overdue) this.#key = 'locked';
      this.output += errorText(error);
      return exitCodeOf(error);
    }
  }

  #postpones(plan: Plan): boolean {
    this.#changes = fingerprintsOf(plan);
    this.postponed = isTooSoon(this.before, this.#changes, Date.now());
    return this.postponed;
  }

  /** @param isTried the plan was executed, so its retry must wait */
  failed(now: number, isTried: boolean): { report: boolean; failing: FailureRecord } {
    const { report, failing } = noteFailure(this.before, this.#key ?? this.output, now);
    const { tries: _last, ...rest } = failing;
    const tries = isTried && this.#changes && nextRetry(this.before, this.#changes, now);
    const loops = this.before?.loops || this.output.includes(CRASH_LOOP);
    return { report, failing: { ...rest, ...(loops && { loops }), ...(tries && { tries }) } };
  }
}

/** The desired results without the steps: these differ after the first attempt. */
function fingerprintsOf({ units }: Plan): string[] {
  return units.map(({ id, mode, spec }) => (mode === 'put' ? `${id} ${digest(spec, 12)}` : id));
}

function recover(context: Context, file: string, { since }: FailureRecord): void {
  clearFailure(context.paths, file);
  const pinned = pinnedContainers(context);
  const but = pinned.length > 0 ? `; rolled back: ${pinned.join(', ')}` : '';
  context.frontend.report(`baleine: ${file} recovered, after failing since ${since}${but}\n`);
}

/** Containers of any stack that run a pinned release instead of the file's. */
function pinnedContainers(context: Context): string[] {
  const { rows } = context.state();
  return rows
    .filter(({ kind, spec }) => kind === 'container' && (spec as ContainerSpec).held)
    .map(({ stack, name }) => `${stack}/${name}`);
}
