import { readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LAST_LINE } from '../model/exit.js';
import { fileNameOf, type InstallPaths } from '../model/install-paths.js';
import { digest } from '../model/json.js';
import { backoff, elapsed } from '../model/time.js';
import { dropRunFile, readRunFile, writeRunFile } from './ephemeral-json.js';

/** The last failure of an unattended run, so that it is not reported every minute. */
export interface Failing {
  /** Digest of the failure's text, without the parts that change each time. */
  key: string;
  /** ISO 8601; when failures began, with this or another error. */
  since: string;
  /** ISO 8601; when it was last reported. */
  told: string;
  /** Milliseconds from then until it is reported again. */
  pause: number;
  /**
   * Containers did not stay up: they count as recovered once they do, not as soon as they are
   * started.
   */
  loops?: boolean;
  /** The plan whose execution failed; absent if planning itself failed. */
  tries?: Tries;
}

/** Consecutive attempts of a plan, or of what was left of it. */
export interface Tries {
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
  before: Failing | undefined,
  text: string,
  now: number,
): { tell: boolean; failing: Failing } {
  const key = keyOf(text);
  const told = new Date(now).toISOString();
  const since = before?.since ?? told;
  if (before?.key !== key) return { tell: true, failing: { key, since, told, pause: HOUR } };
  if (elapsed(before.told, now) < Math.min(before.pause, DAY))
    return { tell: false, failing: before };
  const pause = Math.min(2 * before.pause, DAY);
  return { tell: true, failing: { key, since, told, pause } };
}

/** Counts one more failure; starts at one if the plan has other changes. */
export function nextTry(before: Failing | undefined, wanted: string[], now: number): Tries {
  const count = isNothingNew(before, wanted) ? before.tries.count + 1 : 1;
  return { wanted, count, last: new Date(now).toISOString() };
}

/**
 * Whether a failed plan must wait, like a container that keeps ending: it is retried at once, then
 * after 10 s, with doubling intervals up to 5 min.
 */
export function isTooSoon(before: Failing | undefined, wanted: string[], now: number): boolean {
  if (!isNothingNew(before, wanted)) return false;
  return elapsed(before.tries.last, now) < backoff(before.tries.count - 1);
}

/** Completed changes no longer appear in the next plan. */
function isNothingNew(
  before: Failing | undefined,
  wanted: string[],
): before is Failing & { tries: Tries } {
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
        .replace(TRY, '')
        .replace(NUMBER, '#'),
    );
  return digest(lines.sort());
}

/** Backoff of containers that do not stay up: none for the first. */
const TRY = / \(try \d+\)/;

/** A number that is a word by itself: not in a name (`web-1`), an address or a version. */
const NUMBER = /(?<![\w.-])\d+(?::\d+)*(?![\w-]|\.\d)/g;

/** In /run: after a reboot everything is reported again. One file per stack file. */
const memoryFile = (site: InstallPaths, file: string) =>
  join(site.run, 'failing', `${fileNameOf(file)}.json`);

/** Undefined if the last run succeeded, or the record cannot be read. */
export function recallFailure(site: InstallPaths, file: string): Failing | undefined {
  return readRunFile<Failing>(memoryFile(site, file));
}

/** If it cannot be stored the failure is reported each time: too often is better than never. */
export function keepFailure(site: InstallPaths, file: string, failing: Failing): void {
  const path = memoryFile(site, file);
  writeRunFile(path, failing);
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

export function forgetFailure(site: InstallPaths, file: string): void {
  const path = memoryFile(site, file);
  dropRunFile(path);
  for (const dir of [dirname(path), site.run, dirname(site.run)]) {
    try {
      rmdirSync(dir);
    } catch {
      // it contains other files
      return;
    }
  }
}
