import { readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LAST_LINE } from '../model/exit.js';
import { fileNameOf, type InstallPaths } from '../model/install-paths.js';
import { digest } from '../model/json.js';
import { backoff, elapsed } from '../model/time.js';
import { readEphemeralJson, removeEphemeralJson, writeEphemeralJson } from './ephemeral-json.js';

/** The last failure of an unattended run, so that it is not reported every minute. */
export interface FailureRecord {
  /** Digest of the failure's text, without the parts that change each time. */
  key: string;
  /** ISO 8601; when failures began, with this or another error. */
  since: string;
  /** ISO 8601; when it was last reported. */
  reported: string;
  /** Milliseconds from then until it is reported again. */
  pause: number;
  /**
   * Containers did not stay up: they count as recovered once they do, not as soon as they are
   * started.
   */
  loops?: boolean;
  /** The plan whose execution failed; absent if planning itself failed. */
  tries?: RetryState;
}

/** Consecutive attempts of a plan, or of what was left of it. */
export interface RetryState {
  /** The changes of the last attempt, one string each. */
  wanted: string[];
  /** Number of attempts in a row, at least 1. */
  count: number;
  /** ISO 8601; when the last attempt ended. */
  last: string;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * Whether to report a failure now: a new failure at once, the same one after an hour, then with
 * doubling intervals up to a day.
 */
export function noteFailure(
  before: FailureRecord | undefined,
  text: string,
  now: number,
): { report: boolean; failing: FailureRecord } {
  const key = keyOf(text);
  const reported = new Date(now).toISOString();
  const since = before?.since ?? reported;
  if (before?.key !== key) return { report: true, failing: { key, since, reported, pause: HOUR } };
  if (elapsed(before.reported, now) < Math.min(before.pause, DAY))
    return { report: false, failing: before };
  const pause = Math.min(2 * before.pause, DAY);
  return { report: true, failing: { key, since, reported, pause } };
}

/** Counts one more failure; starts at one if the plan has other changes. */
export function nextRetry(
  before: FailureRecord | undefined,
  wanted: string[],
  now: number,
): RetryState {
  const count = isSubset(before, wanted) ? before.tries.count + 1 : 1;
  return { wanted, count, last: new Date(now).toISOString() };
}

/**
 * Whether a failed plan must wait, like a container that keeps ending: it is retried at once, then
 * after 10 s, with doubling intervals up to 5 min.
 */
export function isTooSoon(
  before: FailureRecord | undefined,
  wanted: string[],
  now: number,
): boolean {
  if (!isSubset(before, wanted)) return false;
  return elapsed(before.tries.last, now) < backoff(before.tries.count - 1);
}

/** Completed changes no longer appear in the next plan. */
function isSubset(
  before: FailureRecord | undefined,
  wanted: string[],
): before is FailureRecord & { tries: RetryState } {
  return before?.tries !== undefined && wanted.every((each) => before.tries?.wanted.includes(each));
}

/** Pids and times differ between runs, and so does the order of concurrent operations. */
function keyOf(text: string): string {
  const lines = text
    .split('\n')
    .filter((line) => !line.trim().startsWith(LAST_LINE))
    .map((line) =>
      line
        .replace(/^(Error|Warning): /, '')
        .replace(BACKOFF, '')
        .replace(NUMBER, '#'),
    );
  return digest(lines.sort());
}

/** Backoff of containers that do not stay up: none for the first. */
const BACKOFF = / \(try \d+\)/;

/** A number that is a word by itself: not in a name (`web-1`), an address or a version. */
const NUMBER = /(?<![\w.-])\d+(?::\d+)*(?![\w-]|\.\d)/g;

/** In /run: after a reboot everything is reported again. One file per stack file. */
const failureFile = (paths: InstallPaths, file: string) =>
  join(paths.run, 'failing', `${fileNameOf(file)}.json`);

/** Undefined if the last run succeeded, or the record cannot be read. */
export function readFailure(paths: InstallPaths, file: string): FailureRecord | undefined {
  return readEphemeralJson<FailureRecord>(failureFile(paths, file));
}

/** If it cannot be stored the failure is reported each time: too often is better than never. */
export function saveFailure(paths: InstallPaths, file: string, failing: FailureRecord): void {
  const path = failureFile(paths, file);
  writeEphemeralJson(path, failing);
  dropOlder(dirname(path));
}

/** Milliseconds; each failing run writes its record, and cron runs at least once a day. */
const STALE = 3 * DAY;

/** Removes records of files that are no longer applied: deleted or moved. */
function dropOlder(folder: string): void {
  try {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (Date.now() - statSync(path).mtimeMs > STALE) rmSync(path, { force: true });
    }
  } catch {
    // the next failure tries again
  }
}

export function clearFailure(paths: InstallPaths, file: string): void {
  const path = failureFile(paths, file);
  removeEphemeralJson(path);
  for (const dir of [dirname(path), paths.run, dirname(paths.run)]) {
    try {
      rmdirSync(dir);
    } catch {
      // it contains other files
      return;
    }
  }
}
