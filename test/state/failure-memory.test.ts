import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import {
  clearFailure,
  type FailureRecord,
  isTooSoon,
  nextRetry,
  noteFailure,
  readFailure,
  saveFailure,
} from '../../src/state/failure-memory.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Minutes at which failures are reported that occur once per minute. */
function reportedAt(texts: Iterable<string>): number[] {
  let failing: FailureRecord | undefined;
  const reported: number[] = [];
  let minute = 0;
  for (const text of texts) {
    const noted = noteFailure(failing, text, minute * MINUTE);
    if (noted.report) reported.push(minute);
    failing = noted.failing;
    minute += 1;
  }
  return reported;
}

it('reports the same failure at once, after 1, 2, 4, 8 and 16 hours, then once a day', () => {
  const hours = [0, 1, 3, 7, 15, 31, 55, 79];
  const week = Array.from({ length: 80 * 60 }, () => 'Error: x');
  expect(reportedAt(week)).toEqual(hours.map((hour) => hour * 60));
});

it('reports a different failure at once, and keeps the time of the first', () => {
  const first = noteFailure(undefined, 'Error: a', 0).failing;
  const second = noteFailure(first, 'Error: b', MINUTE);
  expect(second).toMatchObject({ report: true, failing: { since: first.since, pause: HOUR } });
  expect(reportedAt(['a', 'a', 'b', 'b', 'a'])).toEqual([0, 2, 4]);
});

it.each([
  ['pids', 'container.web-1: process 41 is gone', 'container.web-1: process 977 is gone'],
  ['times', 'held since 14:02:11', 'held since 14:03:11'],
  ['order', 'Error: a\nError: b', 'Error: b\nError: a'],
])('treats failures as equal if only %s differ', (_what, one, other) => {
  expect(reportedAt([one, other])).toEqual([0]);
});

it.each([
  ['Error: container.web-1: x', 'Error: container.web-2: x'],
  ['address 10.0.0.1 is taken', 'address 10.0.0.2 is taken'],
])('distinguishes %j and %j', (one, other) => {
  expect(reportedAt([one, other])).toEqual([0, 1]);
});

it('retries a failure once at once, then with intervals growing to 5 minutes', () => {
  const SECOND = 1000;
  let failing: FailureRecord = noteFailure(undefined, 'x', 0).failing;
  const tried: number[] = [];
  for (let now = 0; now <= 1300 * SECOND; now += 5 * SECOND) {
    if (isTooSoon(failing, ['rest'], now)) continue;
    tried.push(now / SECOND);
    failing = {
      ...failing,
      tries: nextRetry(failing, tried.length === 1 ? ['done', 'rest'] : ['rest'], now),
    };
  }
  expect(tried).toEqual([0, 5, 15, 35, 75, 155, 315, 615, 915, 1215]);
  expect(isTooSoon(failing, ['rest', 'new'], 1216 * SECOND)).toBe(false);
  expect(nextRetry(failing, ['rest', 'new'], 1216 * SECOND).count).toBe(1);
  expect(isTooSoon(failing, ['rest'], 0), 'the clock was set back').toBe(false);
});

it('is not silenced by a clock that was set back', () => {
  const { failing } = noteFailure(undefined, 'x', 50 * HOUR);
  expect(noteFailure(failing, 'x', HOUR).report).toBe(true);
});

it('waits no longer than a day, whatever was recorded', () => {
  const { failing } = noteFailure(undefined, 'x', 0);
  const odd = { ...failing, pause: 1000 * HOUR };
  expect(noteFailure(odd, 'x', 23 * HOUR).report).toBe(false);
  expect(noteFailure(odd, 'x', 24 * HOUR).report).toBe(true);
});

it('remembers by file, and leaves nothing after forgetting', () => {
  const dir = mkdtempSync(join(tmpdir(), 'memory-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const paths = { root: dir, run: join(dir, 'run', 'tag'), tag: 'tag' };
  const { failing } = noteFailure(undefined, 'x', 0);
  saveFailure(paths, '/a.yaml', failing);
  expect(readFailure(paths, '/a.yaml')).toEqual(failing);
  expect(readFailure(paths, '/b.yaml')).toBeUndefined();
  // as after a kill while the next entry was written
  const [note = ''] = readdirSync(join(paths.run, 'failing'));
  writeFileSync(join(paths.run, 'failing', `${note}.new`), '{');
  clearFailure(paths, '/a.yaml');
  expect(readFailure(paths, '/a.yaml')).toBeUndefined();
  expect(existsSync(join(dir, 'run'))).toBe(false);
});

it('drops entries of files that are no longer applied', () => {
  const dir = mkdtempSync(join(tmpdir(), 'memory-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const paths = { root: dir, run: join(dir, 'run'), tag: 'tag' };
  const { failing } = noteFailure(undefined, 'x', 0);
  saveFailure(paths, '/gone.yaml', failing);
  saveFailure(paths, '/daily.yaml', failing);
  const [daily = '', gone = ''] = readdirSync(join(dir, 'run/failing')).sort();
  const days = (count: number) => Date.now() / 1000 - count * 86400;
  utimesSync(join(dir, 'run/failing', gone), days(4), days(4));
  utimesSync(join(dir, 'run/failing', daily), days(2), days(2));
  saveFailure(paths, '/other.yaml', failing);
  expect(readFailure(paths, '/gone.yaml')).toBeUndefined();
  expect(readFailure(paths, '/daily.yaml')).toEqual(failing);
});

it('distinguishes containers that end by how they end, not by try or log', () => {
  const text = (attempt: string, line: string) =>
    `${attempt}\n  last line of its log: ${line}\n  baleine logs a\n`;
  const first = text('Error: container.a: does not stay up: ended with 3', 'boom at 12:00');
  const { failing } = noteFailure(undefined, first, 0);
  const again = text('Warning: container.a: does not stay up (try 4): ended with 3', 'other');
  expect(noteFailure(failing, again, 1).report).toBe(false);
  const other = text('Warning: container.a: does not stay up (try 5): ended with 137 SIGKILL', 'x');
  expect(noteFailure(failing, other, 1).report).toBe(true);
});
