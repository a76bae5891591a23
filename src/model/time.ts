/**
 * Milliseconds since a recorded time, 0 and up. The clock may have been set since: a time in the
 * future counts as infinitely long ago, so that nothing waits for it. Prefer the boot clock where
 * available, as for processes.
 *
 * @param at ISO 8601, or milliseconds since 1970
 */
export function elapsed(at: string | number, now: number): number {
  const since = now - (typeof at === 'number' ? at : Date.parse(at));
  return since >= 0 ? since : Number.POSITIVE_INFINITY;
}

/** The earlier of a recorded time and now; ISO 8601. */
export function earlierOf(at: number, now: number): string {
  return new Date(Math.min(at, now)).toISOString();
}

const FIRST_DELAY = 10_000;
const MAX_DELAY = 300_000;

/**
 * Delay, in milliseconds, between two starts of a container that keeps exiting: 0 at first, then 10
 * s, doubling each time up to 5 min.
 *
 * @param restarts consecutive restarts, 0 and up
 */
export function backoff(restarts: number): number {
  return restarts === 0 ? 0 : Math.min(FIRST_DELAY * 2 ** (restarts - 1), MAX_DELAY);
}

/**
 * How many consecutive restarts still count. A container that ran for twice its back-off has
 * recovered.
 *
 * @param well time it has been running well, in milliseconds
 */
export function consecutiveRestarts(restarts: number, well: number): number {
  return well >= 2 * backoff(Math.max(restarts, 1)) ? 0 : restarts;
}
