import fc from 'fast-check';
import { expect, it } from 'vitest';
import { retained } from '../../src/model/retention.js';

const at = (text: string) => Date.parse(text);
const kept = (texts: string[], keep: object, timezone = 'UTC') =>
  [...retained(texts.map(at), keep, timezone)]
    .sort()
    .map((time) => new Date(time).toISOString().slice(0, 16));

it('keeps the last of each day, week, month and year', () => {
  const times = [
    '2024-12-31T12:00Z',
    '2025-11-02T03:00Z',
    '2026-11-22T03:00Z',
    '2026-11-23T03:00Z',
    '2026-11-28T03:00Z',
    '2026-11-29T03:00Z',
    '2026-11-29T15:00Z',
  ];
  expect(kept(times, { daily: 2 })).toEqual(['2026-11-28T03:00', '2026-11-29T15:00']);
  // 2026-11-23 is a Monday
  expect(kept(times, { weekly: 2 })).toEqual(['2026-11-22T03:00', '2026-11-29T15:00']);
  expect(kept(times, { monthly: 2, yearly: 3 })).toEqual([
    '2024-12-31T12:00',
    '2025-11-02T03:00',
    '2026-11-29T15:00',
  ]);
  expect(kept(times, { last: 1, hourly: 2 })).toEqual(['2026-11-29T03:00', '2026-11-29T15:00']);
  expect(kept(times, {})).toEqual([]);
});

it('counts days in the time zone, and an hour that exists twice as two', () => {
  const nights = ['2026-11-28T22:30Z', '2026-11-28T23:30Z'];
  expect(kept(nights, { daily: 2 })).toEqual(['2026-11-28T23:30']);
  expect(kept(nights, { daily: 2 }, 'Europe/Paris')).toHaveLength(2);
  const back = ['2026-10-25T00:30Z', '2026-10-25T01:30Z'];
  expect(kept(back, { hourly: 5 }, 'Europe/Paris')).toHaveLength(2);
});

it('keeps at least the numbers asked for, if there are so many, and always the latest', () => {
  const times = fc.uniqueArray(fc.integer({ min: 0, max: 4e12 }), { minLength: 1, maxLength: 40 });
  const number = fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined });
  const keep = fc.record({ last: number, daily: number, weekly: number, yearly: number });
  fc.assert(
    fc.property(times, keep, (all, { last, daily, weekly, yearly }) => {
      const wanted = {
        ...(last && { last }),
        ...(daily && { daily }),
        ...(weekly && { weekly }),
        ...(yearly && { yearly }),
      };
      const result = retained(all, wanted, 'UTC');
      const most = Object.values(wanted).reduce((sum, each) => sum + each, 0);
      expect(result.size).toBeLessThanOrEqual(most);
      expect(result.size).toBeGreaterThanOrEqual(Math.min(all.length, last ?? 0));
      expect(result.has(Math.max(...all))).toBe(most > 0);
    }),
  );
});
