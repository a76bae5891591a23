import { constants } from 'node:os';
import { INTERRUPTED, Interrupted } from '../app/failure.js';
import { printToStderr } from './output.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Ending = (typeof SIGNALS)[number];

interface Handler {
  onSignal: (signal: Ending) => void;
  /** Called for a signal that work within this one gets: that may end well all the same. */
  onInner?: () => void;
}

/** The innermost one gets a signal. */
const handlers: Handler[] = [];

async function handling<T>(handler: Handler, work: () => Promise<T>): Promise<T> {
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
  for (const { onInner } of handlers.slice(0, -1)) onInner?.();
  handlers.at(-1)?.onSignal(signal);
}

/** The exit code of a shell. */
const codeOf = (signal: Ending) => 128 + constants.signals[signal];

/**
 * Runs work that must end by itself: the first signal asks it to stop at the next good moment,
 * the second ends the program at once (running steps are then recorded as unfinished).
 */
export async function interruptible<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort();
    printToStderr('Interrupted: finishing what has begun. Once more to end at once.\n');
  };
  return handling({ onSignal }, () => work(stop.signal));
}

/**
 * Runs work that undoes what it has begun when it fails: the first signal cancels it; the second ends
 * the program at once.
 *
 * @throws Interrupted in place of the error or exit code caused by the cancellation
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
    const result = await handling({ onSignal }, work);
    // a number is an exit code
    if (exitCode === undefined || typeof result !== 'number' || result === 0) return result;
  } catch (error) {
    if (exitCode === undefined) throw error;
  }
  throw new Interrupted(exitCode);
}

/**
 * Runs work that lasts until somebody ends it: the first signal asks it to end, the second to end by
 * force; the third ends the program at once.
 */
export async function attended<T>(
  work: (requests: { ask: AbortSignal; force: AbortSignal }) => Promise<T>,
): Promise<T> {
  const [ask, force] = [new AbortController(), new AbortController()];
  const onSignal = (signal: Ending) => {
    if (force.signal.aborted) process.exit(codeOf(signal));
    if (ask.signal.aborted) force.abort();
    else ask.abort();
  };
  const handler = { onSignal, onInner: () => ask.abort() };
  return handling(handler, () => work({ ask: ask.signal, force: force.signal }));
}
