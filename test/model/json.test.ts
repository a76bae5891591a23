import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonical, equal } from '../../src/model/json.js';

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
