import { constants } from 'node:os';
import { INTERRUPTED, Interrupted } from '../app/failure.js';
import { printToStderr } from './output.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Ending = (typeof SIGNALS)[number];

/** What to do on a signal; the innermost part of the work decides. */
const handlers: ((signal: Ending) => void)[] = [];

async function handling<T>(handler: (signal: Ending) => void, work: () => Promise<T>): Promise<T> {
  if (handlers.length === 0) for (const signal of SIGNALS) process.on(signal, dispatch);
  handlers.push(handler);
  try {
    return await work();
  } finally {
    handlers.splice(handlers.lastIndexOf(handler), 1);
    if (handlers.length === 0) for (const signal of SIGNALS) process.off(signal, dispatch);
  }
}

function dispatch(signal: Ending): void {
  handlers.at(-1)?.(signal);
}

/** As a shell has it. */
const codeOf = (signal: Ending) => 128 + constants.signals[signal];

/**
 * Runs work that must not be cut off: the first signal asks it to stop at the next good moment,
 * the second ends the program at once (running steps are then recorded as unfinished).
 */
export async function interruptible<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort();
    printToStderr('Interrupted: finishing what has begun. Once more to end at once.\n');
  };
  return handling(onSignal, () => work(stop.signal));
}

/**
 * Runs work that undoes what it has begun when it fails: the first signal cancels it; the second ends
 * the program at once.
 *
 * @throws Interrupted instead of the error, or for the exit code, that the cancellation has caused
 */
export async function undoable<T>(work: () => Promise<T>, cancel: () => void): Promise<T> {
  let exitCode: number | undefined;
  const onSignal = (signal: Ending) => {
    if (exitCode !== undefined) process.exit(exitCode);
    exitCode = codeOf(signal);
    printToStderr('Interrupted: undoing what has begun. Once more to end at once.\n');
    cancel();
  };
  try {
    const result = await handling(onSignal, work);
    // an exit code
    if (exitCode === undefined || typeof result !== 'number' || result === 0) return result;
  } catch (error) {
    if (exitCode === undefined) throw error;
  }
  throw new Interrupted(exitCode);
}
