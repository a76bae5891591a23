import { expect, it } from 'vitest';
import { idMap, sameMap } from '../../../src/host/linux/network/userns.js';

const range = { first: 1_879_048_192, count: 65_536 };

it('recognizes its map with the kernel’s padding, and no other', () => {
  expect(idMap(range)).toBe('0 1879048192 65536\n');
  expect(sameMap('         0 1879048192      65536\n', range)).toBe(true);
  for (const other of ['', '0 0 4294967295\n', `${idMap(range)}65536 0 1\n`]) {
    expect(sameMap(other, range)).toBe(false);
  }
});
