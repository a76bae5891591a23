import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonical, digest, equal } from '../../src/model/json.js';

const value = fc.jsonValue({ maxDepth: 3 });

it('takes values for equal when their canonical texts are', () => {
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
])('tells %j from %j', (a, b) => expect(equal(a, b)).toBe(false));

it('takes the same digest of a text, however long it is', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 300, size: 'max' });
  fc.assert(
    fc.property(text, (each) => {
      expect(digest(each)).toBe(createHash('sha256').update(each).digest('hex'));
    }),
  );
});
