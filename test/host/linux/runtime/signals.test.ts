import { expect, it } from 'vitest';
import { signalNumber } from '../../../../src/host/linux/runtime/signals.js';

it.each([
  ['SIGTERM', 15],
  ['term', 15],
  ['SIGRTMIN+3', 37],
  ['RTMAX-1', 63],
  ['9', 9],
])('%s is %i', (text, number) => {
  expect(signalNumber(text)).toBe(number);
});

it.each(['', 'SIG', 'SIGNOTHING', '0', '65', 'SIGRTMIN-1', 'SIGRTMAX+1', '-9'])(
  'refuses %j',
  (text) => {
    expect(() => signalNumber(text)).toThrow(/cannot send signal/);
  },
);
