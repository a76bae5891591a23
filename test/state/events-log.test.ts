import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { LoggedEvent } from '../../src/model/events.js';
import { type InstallPaths, installPaths } from '../../src/model/install-paths.js';
import { eventsFile, followEvents, logEvent, readEvents } from '../../src/state/events-log.js';
import { eventLine } from '../../src/view/tables.js';

function makeInstallation(): InstallPaths {
  const root = mkdtempSync(join(tmpdir(), 'events-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  return installPaths(root);
}

const event = (number: number, more: Partial<LoggedEvent> = {}): LoggedEvent => ({
  at: new Date(2026, 0, 2, 3, 4, 5).toISOString(),
  who: 'root by cron',
  stack: 'shop',
  address: `container.web-${number}`,
  action: 'update',
  drift: true,
  reasons: ['process 41 is gone'],
  ms: 320,
  result: 'done',
  ...more,
});

it('keeps the last events, in two files of bounded size', () => {
  const paths = makeInstallation();
  expect(readEvents(paths)).toEqual([]);
  for (let number = 0; number < 100; number++) logEvent(paths, event(number), 2000);
  expect(readdirSync(paths.root)).toEqual(['events.log', 'events.log.1']);
  for (const name of readdirSync(paths.root)) {
    expect(statSync(join(paths.root, name)).size).toBeLessThanOrEqual(2000);
  }
  const numbers = readEvents(paths).map(({ address }) => Number(address.split('-')[1]));
  expect(numbers.at(-1)).toBe(99);
  expect(numbers).toEqual(numbers.map((_, index) => 100 - numbers.length + index));
  expect(readEvents(paths, 2)).toEqual([event(98), event(99)]);
});

it('leaves out a line that a crash cut off', () => {
  const paths = makeInstallation();
  logEvent(paths, event(1));
  appendFileSync(eventsFile(paths), '{"at": "20');
  expect(readEvents(paths)).toEqual([event(1)]);
});

it('follows, also across a new file', () => {
  const paths = makeInstallation();
  logEvent(paths, event(0));
  const fresh = followEvents(paths);
  expect(fresh()).toEqual([]);
  const limit = 2.5 * JSON.stringify(event(1)).length;
  for (const number of [1, 2, 3]) {
    logEvent(paths, event(number), limit);
    expect(fresh()).toEqual([event(number)]);
  }
  expect(fresh()).toEqual([]);
});

it('ignores write errors', () => {
  logEvent(installPaths('/proc/nowhere'), event(1));
});

it.each<[Partial<LoggedEvent>, string]>([
  [
    {},
    '2026-01-02 03:04:05  root by cron  shop/container.web-1 update, healed: process 41 is gone (0.3 s)',
  ],
  [
    { result: 'failed', error: 'a\nb\u001b[2J', drift: false, reasons: [] },
    '2026-01-02 03:04:05  root by cron  shop/container.web-1 update — failed: a b\\u001b[2J',
  ],
])('says %j on one line', (more, line) => {
  expect(eventLine(event(1, more))).toBe(line);
});
