/**
 * Milliseconds since a recorded moment, 0 and up. The clock may have been set since: a moment in the
 * future says nothing, and counts as long past, so that nothing waits for it to come. Where the boot
 * clock is at hand, as for processes, that is better.
 *
 * @param at ISO 8601, or milliseconds since 1970
 */
export function elapsed(at: string | number, now: number): number {
  const since = now - (typeof at === 'number' ? at : Date.parse(at));
  return since >= 0 ? since : Number.POSITIVE_INFINITY;
}

/** The earlier of a recorded moment and now; ISO 8601. */
export function earlierOf(at: number, now: number): string {
  return new Date(Math.min(at, now)).toISOString();
}

const FIRST_DELAY = 10_000;
const MAX_DELAY = 300_000;

/**
 * Milliseconds from one start to the next try of what does not last: none at first, then 10 s,
 * twice as much each time, 5 min at most.
 *
 * @param restarts in a row, 0 and up
 */
export function backoff(restarts: number): number {
  return restarts === 0 ? 0 : Math.min(FIRST_DELAY * 2 ** (restarts - 1), MAX_DELAY);
}

/**
 * How many restarts in a row still count. What went well for twice its back-off has recovered.
 *
 * @param well milliseconds
 */
export function consecutiveRestarts(restarts: number, well: number): number {
  return well >= 2 * backoff(Math.max(restarts, 1)) ? 0 : restarts;
}
