/** How often to look, and for how long; all times in milliseconds. */
export interface PollOptions<T> {
  /** Time from the end of a probe to the next one. */
  pause: number;
  /** The pause grows by half each time up to this; by default it does not grow. */
  maxPause?: number;
  /** Time from now to the last probe. Without it, only `signal` ends the wait. */
  limit?: number;
  /** Whether a result ends the wait; default: anything but undefined or false. */
  until?: (result: T) => boolean;
  signal?: AbortSignal;
}

const GROWTH = 1.5;

/**
 * Probes at once and then again and again, until a result ends the wait or the time is over. The last
 * probe is at the deadline, so that even a limit of 0 probes once.
 *
 * @returns the result of the last probe; after a timeout, one that `until` rejects
 * @throws the reason of `signal` as soon as it aborts; what the probe throws
 */
export async function poll<T>(
  probe: () => T | Promise<T>,
  {
    pause,
    maxPause = pause,
    limit = Number.POSITIVE_INFINITY,
    until = isFound,
    signal,
  }: PollOptions<T>,
): Promise<T> {
  const deadline = now() + limit;
  signal?.throwIfAborted();
  for (let next = pause; ; next = Math.min(next * GROWTH, maxPause)) {
    const result = await probe();
    const left = deadline - now();
    if (until(result) || left <= 0) return result;
    await sleep(Math.min(next, left), signal);
  }
}

const isFound = (result: unknown) => result !== undefined && result !== false;

/** Milliseconds of a monotonic clock; `performance` would have to be loaded first. */
const now = () => Number(process.hrtime.bigint()) / 1e6;

/** As `node:timers/promises` does it; the model imports no module of Node that acts. */
function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
