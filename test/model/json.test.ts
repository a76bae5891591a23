import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonical, digest, equal } from '../../src/model/json.js';

const value = fc.jsonValue({ maxDepth: 3 });

it('treats values with equal canonical texts as equal', () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      expect(equal(a, b)).toBe(canonical(a) === canonical(b));
      expect(equal({ a, b, c: undefined }, { b: JSON.parse(canonical(b)), a })).toBe(true);
    }),
  );
});

it.each<[unknown, unknown]>([
  [[], {}],
  [{ a: 1 }, { a: 1, b: 2 }],
  [{ a: 1, b: 2 }, { a: 1 }],
  [null, undefined],
  [null, {}],
  ['1', 1],
  [
    [1, 2],
    [2, 1],
  ],
])('distinguishes %j from %j', (a, b) => expect(equal(a, b)).toBe(false));

it('computes the same digest for short and long texts', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 300, size: 'max' });
  fc.assert(
    fc.property(text, (each) => {
      expect(digest(each)).toBe(createHash('sha256').update(each).digest('hex'));
    }),
  );
});
