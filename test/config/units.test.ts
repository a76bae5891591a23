import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration, parseSize } from '../../src/config/units.js';

const count = fc.integer({ min: 0, max: 8000 });

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['512', 512],
    ['512b', 512],
    ['64M', 67108864],
    ['64m', 67108864],
    ['64MB', 67108864],
    ['1.5G', 1610612736],
    ['1.5k', 1536],
    ['0.1K', 102],
    ['8191T', 8191 * 1024 ** 4],
  ])('%s is %d bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each(['', 'M', '1.5', '-1', '1 M', '1e3', '64MiB', '64X', '1.M', '8192T', '9'.repeat(400)])(
    'are not %j',
    (text) => expect(parseSize(text)).toBeUndefined(),
  );

  it('grow by 1024 from unit to unit', () => {
    fc.assert(
      fc.property(count, fc.constantFrom('K', 'M', 'G', 'T'), (amount, unit) => {
        const power = 'BKMGT'.indexOf(unit);
        expect(parseSize(`${amount}${unit}`)).toBe(amount * 1024 ** power);
      }),
    );
  });
});

describe('durations', () => {
  it('are the sum of their parts', () => {
    fc.assert(
      fc.property(count, count, count, count, (h, m, s, ms) => {
        const total = ((h * 60 + m) * 60 + s) * 1000 + ms;
        expect(parseDuration(`${h}h${m}m${s}s${ms}ms`)).toBe(total);
        expect(parseDuration(`${m}m${ms}ms`)).toBe(m * 60_000 + ms);
      }),
    );
  });

  it.each([
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['500ms', 500],
    ['1d', 86_400_000],
    ['500us', 1],
    ['2ms1500us', 4],
    ['0us', 0],
    ['1.5s', 1500],
    ['0s', 0],
  ])('%s is %d ms', (text, expected) => expect(parseDuration(text)).toBe(expected));

  it.each(['', '10', 's', '30s1m', '-1s', '1 s', '1w', '1.5m'])('are not %j', (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  );
});
