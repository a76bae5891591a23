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

/** What a run that nobody watches asks of its plan. */
export interface UnattendedRun {
  /** Takes what has failed. */
  err: Sink;
  /** Whether it is to wait, because it has failed just now. */
  postpones: (plan: Plan) => boolean;
}

/**
 * A run that nobody watches tells of a failure once and not each time it meets it again; the exit
 * code says it each time. What fails in the same way is not tried each time either. When all is well
 * again, that is told once too.
 *
 * @param work answers its exit code, undefined when it was not its turn
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
  // with 0: what was started does not stay up
  const isFailing = code === 1 || code === LOCKED || (code === 0 && attempt.said !== '');
  if (isFailing) {
    const { tell, failing } = attempt.failed(Date.now(), code !== 0);
    saveFailure(paths, file, failing);
    if (!tell) return code;
  }
  if (attempt.said !== '') context.frontend.warn(attempt.said);
  if (code === 0 && before && !isFailing && (await isSteady(context, before))) {
    recover(context, file, before);
  }
  return code ?? 0;
}

/** Also of a root that is refused. */
function memoryPaths(context: Context): InstallPaths {
  try {
    return context.paths;
  } catch {
    return installPaths(context.options.root);
  }
}

/** What was started again counts as recovered once it has stayed up; also what never was down. */
async function isSteady(context: Context, { loops = false }: FailureRecord): Promise<boolean> {
  return (await import('./verify-started.js')).isStackSteady(context, loops);
}

/** What comes of one run, after what came of the one before. */
class Attempt {
  said = '';
  postponed = false;
  /** Undefined when it did not come to a plan. */
  #wanted: string[] | undefined;
  /** What stands for what was said, where that is another thing each time. */
  #key: string | undefined;

  constructor(readonly before: FailureRecord | undefined) {}

  async make(
    work: (how: UnattendedRun) => Promise<number | undefined>,
  ): Promise<number | undefined> {
    try {
      return await work({
        err: (text) => {
          this.said += text;
        },
        postpones: (plan) => this.#postpones(plan),
      });
    } catch (error) {
      // another run is at work, and will do; one that hangs is a failure like any other
      if (error instanceof LockedError && error.isUsual) throw error;
      if (error instanceof LockedError && error.overdue) this.#key = 'locked';
      this.said += errorText(error);
      return exitCodeOf(error);
    }
  }

  #postpones(plan: Plan): boolean {
    this.#wanted = fingerprintsOf(plan);
    this.postponed = isTooSoon(this.before, this.#wanted, Date.now());
    return this.postponed;
  }

  /** @param isTried what has failed is not to be tried again at once */
  failed(now: number, isTried: boolean): { tell: boolean; failing: FailureRecord } {
    const { tell, failing } = noteFailure(this.before, this.#key ?? this.said, now);
    const { tries: _last, ...rest } = failing;
    const tries = isTried && this.#wanted && nextRetry(this.before, this.#wanted, now);
    const loops = this.before?.loops || this.said.includes(CRASH_LOOP);
    return { tell, failing: { ...rest, ...(loops && { loops }), ...(tries && { tries }) } };
  }
}

/** What it is to make of what: not how, which is another thing after the first try. */
function fingerprintsOf({ units }: Plan): string[] {
  return units.map(({ id, mode, spec }) => (mode === 'put' ? `${id} ${digest(spec, 12)}` : id));
}

function recover(context: Context, file: string, { since }: FailureRecord): void {
  clearFailure(context.paths, file);
  const held = pinnedContainers(context);
  const but = held.length > 0 ? `; rolled back: ${held.join(', ')}` : '';
  context.frontend.report(`baleine: ${file} recovered, after failing since ${since}${but}\n`);
}

/** What does well only because it is not as its file asks, of any stack. */
function pinnedContainers(context: Context): string[] {
  const { rows } = context.state();
  return rows
    .filter(({ kind, spec }) => kind === 'container' && (spec as ContainerSpec).held)
    .map(({ stack, name }) => `${stack}/${name}`);
}
