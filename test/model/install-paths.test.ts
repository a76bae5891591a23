import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fileNameOf } from '../../src/model/install-paths.js';

it('names a cache entry after the path of its file', () => {
  expect(fileNameOf('/srv/shop/baleine.yaml')).toBe('%2Fsrv%2Fshop%2Fbaleine.yaml');
});

it('gives every path a unique, valid file name', () => {
  const path = fc.string({ unit: 'grapheme', maxLength: 500 }).map((each) => `/${each}`);
  fc.assert(
    fc.property(path, path, (a, b) => {
      expect(fileNameOf(a)).toMatch(/^[^/]{1,240}$/);
      expect(fileNameOf(a) === fileNameOf(b)).toBe(a === b);
    }),
  );
});
