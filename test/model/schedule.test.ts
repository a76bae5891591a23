import { describe, expect, it } from 'vitest';
import { DAY, needsWork, type Schedule, type TaskFacts } from '../../src/model/due.js';
import {
  afterFailure,
  afterSuccess,
  currentTask,
  following,
  isTimeZone,
  nextDue,
  scheduleProblem,
} from '../../src/model/schedule.js';

/** The next times, in UTC without seconds. */
function times(cron: string, timezone: string, after: string, count: number): string[] {
  const found: string[] = [];
  let last = new Date(after);
  for (let i = 0; i < count; i += 1) {
    last = new Date(nextDue({ cron, timezone }, last) ?? Number.NaN);
    found.push(last.toISOString().slice(5, 16));
  }
  return found;
}

describe('the next times of a schedule', () => {
  it('are those of cron', () => {
    expect(times('*/15 * * * *', 'UTC', '2026-01-01T00:01:00Z', 2)).toEqual([
      '01-01T00:15',
      '01-01T00:30',
    ]);
    expect(times('0 3 * * mon-fri', 'Europe/Paris', '2026-01-02T12:00:00Z', 1)).toEqual([
      '01-05T02:00',
    ]);
    expect(times('@daily', 'Asia/Tokyo', '2026-01-01T00:00:00Z', 1)).toEqual(['01-01T15:00']);
    expect(nextDue({ cron: '0 0 30 2 *' }, new Date(0))).toBeUndefined();
  });

  // in Paris 02:00 to 03:00 does not exist on 29 March, and exists twice on 25 October
  it.each<[string, string[], string[]]>([
    ['30 2 * * *', ['03-29T01:00', '03-30T00:30'], ['10-25T00:30', '10-26T01:30']],
    ['0 3 * * *', ['03-29T01:00', '03-30T01:00'], ['10-25T02:00', '10-26T02:00']],
    [
      '*/30 2 * * *',
      ['03-29T01:00', '03-30T00:00', '03-30T00:30'],
      ['10-25T00:00', '10-25T00:30', '10-26T01:00'],
    ],
    ['0 */2 * * *', ['03-29T01:00', '03-29T02:00'], ['10-25T00:00', '10-25T03:00']],
    [
      '0,30 * * * *',
      ['03-29T00:00', '03-29T00:30', '03-29T01:00'],
      ['10-25T00:00', '10-25T00:30', '10-25T01:00', '10-25T01:30', '10-25T02:00'],
    ],
  ])('when clocks change: %s', (cron, spring, autumn) => {
    const zone = 'Europe/Paris';
    expect(times(cron, zone, '2026-03-28T23:59:00Z', spring.length)).toEqual(spring);
    expect(times(cron, zone, '2026-10-24T23:59:00Z', autumn.length)).toEqual(autumn);
  });
});

describe('what is no schedule', () => {
  it.each([
    ['* * * *', 'has 4 fields, not 5: minute, hour, day of the month, month, day of the week'],
    [
      '0 * * * * *',
      'has 6 fields, not 5: minute, hour, day of the month, month, day of the week; seconds are not possible',
    ],
    ['61 * * * *', 'is no cron expression: Invalid value for minute: 61'],
    ['@reboot', 'is no time: a missed one is made up for after a reboot'],
    ['0 0 31 4 *', 'never comes'],
    ['*/15 * * * *', undefined],
    ['@weekly', undefined],
  ])('%s', (cron, problem) => expect(scheduleProblem(cron)).toBe(problem));

  it('nor a time zone', () => {
    expect(['Europe/Paris', 'UTC', 'Europe/Nowhere', '+02:00', ''].map(isTimeZone)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('a task', () => {
  const at = (text: string) => Date.parse(`2026-06-10T${text}Z`);
  const QUARTERS: Schedule = { cron: '*/15 * * * *', timezone: 'UTC' };
  const FACTS = following(QUARTERS, undefined, at('12:00:30'));
  const isDue = (facts: TaskFacts | undefined, now: number, schedule = QUARTERS) =>
    needsWork({ run: schedule }, facts ? { due: { run: facts } } : {}, now);

  it('is due at its time, not before', () => {
    expect(FACTS).toEqual({
      next: at('12:15:00'),
      since: at('12:00:30'),
      schedule: '*/15 * * * * UTC',
    });
    expect(isDue(FACTS, at('12:14:59'))).toBe(false);
    expect(isDue(FACTS, at('12:15:00'))).toBe(true);
  });

  it('is looked at without a time, or with one of another schedule', () => {
    expect(isDue(undefined, 0)).toBe(true);
    expect(isDue(FACTS, at('12:01:00'), { cron: '*/15 * * * *' })).toBe(true);
    expect(currentTask({ cron: '0 * * * *', timezone: 'UTC' }, FACTS, at('12:01:00')).next).toBe(
      at('13:00:00'),
    );
  });

  it('makes up for missed times once', () => {
    const late = at('12:00:00') + 3 * DAY;
    expect(currentTask(QUARTERS, FACTS, late)).toEqual(FACTS);
    expect(following(QUARTERS, FACTS, late).next).toBe(late + 15 * 60_000);
  });

  it('does not come again when the clock is set back a little', () => {
    const done = following(QUARTERS, FACTS, at('12:15:10'));
    expect(isDue(done, at('11:15:00'))).toBe(false);
    expect(currentTask(QUARTERS, done, at('11:15:00')).next).toBe(at('12:30:00'));
  });

  it('comes again soon after the clock was a year ahead', () => {
    const wrong = following(QUARTERS, FACTS, at('12:15:10') + 365 * DAY);
    expect(isDue(wrong, at('12:16:00'))).toBe(true);
    const right = currentTask(QUARTERS, wrong, at('12:16:00'));
    expect(right.next).toBe(at('12:30:00'));
    expect(isDue(right, at('12:16:00'))).toBe(false);
  });

  it('that is rare stays where it is, though the clock was two days ahead', () => {
    const yearly: Schedule = { cron: '0 12 10 6 *', timezone: 'UTC' };
    const done = following(yearly, undefined, at('12:00:10'));
    const now = at('12:00:10') - 2 * DAY;
    const kept = currentTask(yearly, done, now);
    expect(kept.next).toBe(Date.parse('2027-06-10T12:00Z'));
    expect(isDue(kept, now, yearly)).toBe(false);
  });

  it('is reported after a failure, and tried again, until a success', () => {
    const failed = afterFailure(FACTS, 'no space', at('12:02:00'));
    expect(failed).toEqual({ ...FACTS, next: at('12:02:00'), failure: 'no space', failures: 1 });
    expect(isDue(failed, at('12:01:00'))).toBe(true);
    const again = following(QUARTERS, failed, at('12:02:00'));
    expect(again).toEqual({ ...failed, next: at('12:15:00'), since: at('12:02:00') });
    expect(afterFailure(again, 'no space', at('12:30:00')).next).toBe(at('12:15:00'));
    expect(afterSuccess(again)).toEqual({ ...FACTS, since: at('12:02:00') });
  });
});
