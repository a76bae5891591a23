import { resolve } from 'node:path';
import { LockedError } from '../model/errors.js';
import type { ContainerSpec } from '../model/specs.js';
import { forgetFailure, keepFailure, noteFailure, recallFailure } from '../state/failure-memory.js';
import type { Sink } from '../view/view.js';
import type { Context } from './context.js';
import { errorText, exitCodeOf, LOCKED } from './failure.js';

/**
 * A run that nobody watches tells of a failure once and not each time it meets it again; the exit
 * code says it each time. When all is well again, that is told once too.
 *
 * @param work answers its exit code, undefined when it was not its turn; takes where errors go
 */
export async function tellOnce(
  context: Context,
  work: (err: Sink) => Promise<number | undefined>,
): Promise<number> {
  const { site, options } = context;
  const file = resolve(options.file);
  let text = '';
  const code = await work((said) => {
    text += said;
  }).catch((error: unknown) => {
    // another run is at work, and will do; programs that hang are a failure like any other
    if (error instanceof LockedError && !error.stragglers) throw error;
    text += errorText(error);
    return exitCodeOf(error);
  });
  if (code === 1 || code === LOCKED) fail(text);
  else process.stderr.write(text);
  if (code === 0) recover();
  return code ?? 0;

  function fail(said: string): void {
    const { tell, failing } = noteFailure(recallFailure(site, file), said, Date.now());
    if (!tell) return;
    keepFailure(site, file, failing);
    process.stderr.write(said);
  }

  function recover(): void {
    const failing = recallFailure(site, file);
    if (!failing) return;
    forgetFailure(site, file);
    const held = heldBack(context);
    const but = held.length > 0 ? `; rolled back: ${held.join(', ')}` : '';
    process.stdout.write(
      `baleine: ${file} recovered, after failing since ${failing.since}${but}\n`,
    );
  }
}

/** What does well only because it is not as its file asks, of any stack. */
function heldBack(context: Context): string[] {
  const { rows } = context.state();
  return rows
    .filter(({ kind, spec }) => kind === 'container' && (spec as ContainerSpec).held)
    .map(({ stack, name }) => `${stack}/${name}`);
}
