import { resolve } from 'node:path';
import { LockedError } from '../model/errors.js';
import { digest } from '../model/json.js';
import type { Plan } from '../model/plan.js';
import type { ContainerSpec } from '../model/specs.js';
import {
  forgetFailure,
  isTooSoon,
  keepFailure,
  nextTry,
  noteFailure,
  recallFailure,
} from '../state/failure-memory.js';
import type { Sink } from '../view/view.js';
import type { Context } from './context.js';
import { errorText, exitCodeOf, LOCKED } from './failure.js';

/** What a run that nobody watches asks of its plan. */
export interface Unwatched {
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
export async function tellOnce(
  context: Context,
  work: (how: Unwatched) => Promise<number | undefined>,
): Promise<number> {
  const { site, options } = context;
  const file = resolve(options.file);
  const before = recallFailure(site, file);
  let text = '';
  let wanted: string[] | undefined;
  let postponed = false;
  const err = (said: string) => {
    text += said;
  };
  const postpones = (plan: Plan) => {
    wanted = wantedBy(plan);
    postponed = isTooSoon(before, wanted, Date.now());
    return postponed;
  };
  const code = await work({ err, postpones }).catch((error: unknown) => {
    // another run is at work, and will do; programs that hang are a failure like any other
    if (error instanceof LockedError && !error.stragglers) throw error;
    text += errorText(error);
    return exitCodeOf(error);
  });
  if (postponed) return 1;
  if (code === 1 || code === LOCKED) fail(text);
  else process.stderr.write(text);
  if (code === 0) recover();
  return code ?? 0;

  function fail(said: string): void {
    const now = Date.now();
    const { tell, failing } = noteFailure(before, said, now);
    const { tries: _before, ...rest } = failing;
    const tried = wanted === undefined ? {} : { tries: nextTry(before, wanted, now) };
    keepFailure(site, file, { ...rest, ...tried });
    if (tell) process.stderr.write(said);
  }

  function recover(): void {
    if (!before) return;
    forgetFailure(site, file);
    const held = heldBack(context);
    const but = held.length > 0 ? `; rolled back: ${held.join(', ')}` : '';
    process.stdout.write(`baleine: ${file} recovered, after failing since ${before.since}${but}\n`);
  }
}

/** What it is to make of what: not how, which is another thing after the first try. */
function wantedBy({ units }: Plan): string[] {
  return units.map(({ id, mode, spec }) => (mode === 'put' ? `${id} ${digest(spec, 12)}` : id));
}

/** What does well only because it is not as its file asks, of any stack. */
function heldBack(context: Context): string[] {
  const { rows } = context.state();
  return rows
    .filter(({ kind, spec }) => kind === 'container' && (spec as ContainerSpec).held)
    .map(({ stack, name }) => `${stack}/${name}`);
}
