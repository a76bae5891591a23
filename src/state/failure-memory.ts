import { readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LAST_LINE } from '../model/exit.js';
import { fileNameOf, type InstallPaths } from '../model/install-paths.js';
import { digest } from '../model/json.js';
import { backoff, elapsed } from '../model/time.js';
import { dropRunFile, readRunFile, writeRunFile } from './ephemeral-json.js';

/** What an unattended run has failed with, so that it is not told every minute. */
export interface Failing {
  /** Of the failure's text, without what changes each time. */
  key: string;
  /** ISO 8601; when it first failed, in this or another way. */
  since: string;
  /** ISO 8601; when it was last told. */
  told: string;
  /** Milliseconds from then until it is told again. */
  pause: number;
  /** Containers did not stay up: they have recovered once they do, not when they are started. */
  loops?: boolean;
  /** The plan that was carried out in vain; absent when it did not come to a plan. */
  tries?: Tries;
}

/** A plan, or what was left of it, tried again and again. */
export interface Tries {
  /** What the last one was to make, each a word. */
  wanted: string[];
  /** In a row, 1 and up. */
  count: number;
  /** ISO 8601; when the last one ended. */
  last: string;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * Whether a failure is worth a word now: at once when it is a new one, the same one after an hour,
 * then after twice as long each time, at last once a day.
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

/** One more failure; of a plan that wants something else it is the first. */
export function nextTry(before: Failing | undefined, wanted: string[], now: number): Tries {
  const count = isNothingNew(before, wanted) ? before.tries.count + 1 : 1;
  return { wanted, count, last: new Date(now).toISOString() };
}

/**
 * Whether a plan that has failed is to wait, as a container that ends again and again: it is tried
 * once more at once, then after 10 s, twice as long each time, 5 min at most.
 */
export function isTooSoon(before: Failing | undefined, wanted: string[], now: number): boolean {
  if (!isNothingNew(before, wanted)) return false;
  return elapsed(before.tries.last, now) < backoff(before.tries.count - 1);
}

/** What has been done of the plan is in the next one no more. */
function isNothingNew(
  before: Failing | undefined,
  wanted: string[],
): before is Failing & { tries: Tries } {
  return before?.tries !== undefined && wanted.every((each) => before.tries?.wanted.includes(each));
}

/** Pids and times of day differ from run to run, and so does the order of what goes on at once. */
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

/** Of what does not stay up: the first one has none. */
const TRY = / \(try \d+\)/;

/** A number that is a word by itself: not in a name (`web-1`), an address or a version. */
const NUMBER = /(?<![\w.-])\d+(?::\d+)*(?![\w-]|\.\d)/g;

/** In /run: after a reboot all is told anew. One for each stack's file. */
const memoryFile = (site: InstallPaths, file: string) =>
  join(site.run, 'failing', `${fileNameOf(file)}.json`);

/** Undefined when the last run was well; also when the note cannot be read. */
export function recallFailure(site: InstallPaths, file: string): Failing | undefined {
  return readRunFile<Failing>(memoryFile(site, file));
}

/** Where it cannot be kept the failure is told each time: too often is better than never. */
export function keepFailure(site: InstallPaths, file: string, failing: Failing): void {
  const path = memoryFile(site, file);
  writeRunFile(path, failing);
  dropOlder(dirname(path));
}

/** Milliseconds; each run that fails writes its note, and cron has one each day at least. */
const STALE = 3 * DAY;

/** Notes on files that nobody applies any more: they may be gone, or elsewhere. */
function dropOlder(folder: string): void {
  try {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (Date.now() - statSync(path).mtimeMs > STALE) rmSync(path, { force: true });
    }
  } catch {
    // The next failure looks again.
  }
}

export function forgetFailure(site: InstallPaths, file: string): void {
  const path = memoryFile(site, file);
  dropRunFile(path);
  for (const dir of [dirname(path), site.run, dirname(site.run)]) {
    try {
      rmdirSync(dir);
    } catch {
      // Something else is in it.
      return;
    }
  }
}
