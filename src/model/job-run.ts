import { describeExit, type Exit } from './exit.js';
import { formatDuration } from './format.js';
import type { EndedRun } from './specs.js';

/**
 * How a run ended, for people and without what differs each time: `exit code 3`. Undefined for a
 * success.
 *
 * @param exit absent if the host has forgotten it; its code is -1 after a timeout
 */
export function failureOfRun(exit: Exit | undefined, timeout?: number): string | undefined {
  if (!exit) return 'it is gone, and nothing has recorded how it ended';
  if (exit.code === 0) return undefined;
  if (exit.code < 0) return `killed by its timeout of ${formatDuration(timeout ?? 0)}`;
  return `exit code ${describeExit(exit)}`;
}

/** `ok`, or its failure. */
export const describeRun = ({ failure = 'ok' }: Pick<EndedRun, 'failure'>): string => failure;

/** Milliseconds that it ran; undefined if the host has forgotten its end. */
export function durationOf({ started_at, ended_at }: EndedRun): number | undefined {
  if (ended_at === undefined) return undefined;
  return Math.max(0, Date.parse(ended_at) - Date.parse(started_at));
}
