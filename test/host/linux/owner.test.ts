import { expect, it } from 'vitest';
import { isOwned, ownerMark } from '../../../src/host/linux/owner.js';

it('recognizes our own marks while we run, and not by the pid alone', () => {
  expect(isOwned(`${ownerMark()}a1b2-c3`)).toBe(true);
  expect(isOwned(`${process.pid}-1-a1b2`)).toBe(false);
  for (const name of [`${process.pid}-a1b2`, `${process.pid}`, 'x', '']) {
    expect(isOwned(name), name).toBe(false);
  }
});
