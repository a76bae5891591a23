import { expect, it } from 'vitest';
import { byName } from '../../src/model/address.js';

it('sorts numbers in names by value', () => {
  const sorted = ['db', 'web', 'web2', 'web10', 'web-1', 'web-2', 'web-10', 'web-10-a', 'web-a'];
  expect([...sorted].reverse().sort(byName)).toEqual(sorted);
});
