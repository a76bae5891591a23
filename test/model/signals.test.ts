import { constants } from 'node:os';
import { expect, it } from 'vitest';
import { SIGNAL_NAMES, signalName, signalNumber } from '../../src/model/signals.js';

it.each([
  ['SIGTERM', 15],
  ['term', 15],
  ['sigkill', 9],
  ['SIGRTMIN+3', 37],
  ['rtmax-1', 63],
  ['9', 9],
])('%s is %i', (text, number) => {
  expect(signalNumber(text)).toBe(number);
});

it.each([
  '',
  'SIG',
  'SIGNOTHING',
  '0',
  '65',
  'SIGRTMIN-1',
  'SIGRTMAX+1',
  '-9',
  'SIG9',
  'constructor',
])('rejects %j', (text) => {
  expect(signalNumber(text)).toBeUndefined();
});

it.each([
  ['int', 'SIGINT'],
  ['37', 'SIGRTMIN+3'],
  ['RTMIN', 'SIGRTMIN'],
  ['CLD', 'SIGCHLD'],
])('writes %s as %s', (text, name) => {
  expect(signalName(text)).toBe(name);
});

it('matches the numbers of this machine', () => {
  const ours = Object.fromEntries(SIGNAL_NAMES.map((name) => [name, signalNumber(name)]));
  expect(constants.signals).toMatchObject(ours);
  for (const [name, number] of Object.entries(constants.signals)) {
    expect([name, signalNumber(name)]).toEqual([name, number]);
  }
});
