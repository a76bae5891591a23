const FIRST = 10_000;
const LONGEST = 300_000;

/**
 * Milliseconds from one start to the next try of what does not last: none at first, then 10 s,
 * twice as much each time, 5 min at most.
 *
 * @param restarts in a row, 0 and up
 */
export function backOff(restarts: number): number {
  return restarts === 0 ? 0 : Math.min(FIRST * 2 ** (restarts - 1), LONGEST);
}

/**
 * How many restarts in a row still count. What went well for twice its back-off has recovered.
 *
 * @param well milliseconds
 */
export function restartsInARow(restarts: number, well: number): number {
  return well >= 2 * backOff(Math.max(restarts, 1)) ? 0 : restarts;
}
