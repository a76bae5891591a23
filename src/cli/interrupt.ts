import { INTERRUPTED } from './failure.js';
import { printToStderr } from './output.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs work that must not be cut off: the first signal asks it to stop at the next good moment,
 * the second ends the program at once (what is under way is then on record as unfinished).
 */
export async function interruptible<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort();
    printToStderr('Interrupted: finishing what has begun. Once more to end at once.\n');
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await work(stop.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}
