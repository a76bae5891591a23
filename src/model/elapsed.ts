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
export function notAfter(at: number, now: number): string {
  return new Date(Math.min(at, now)).toISOString();
}
