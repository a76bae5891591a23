import { expect, it } from 'vitest';
import { requiredSignal, stopSignal } from '../../../../src/host/linux/runtime/exit-hook.js';

it('refuses a signal that does not exist, and shows it harmlessly', () => {
  expect(requiredSignal('usr1')).toBe(10);
  expect(() => requiredSignal('SIG\u001b[2J')).toThrow(
    'cannot send signal SIG\\u001b[2J: it does not exist',
  );
});

it('stops by SIGTERM whatever stands on record', () => {
  expect(['SIGSTOPP', '', '0', 'SIGINT'].map(stopSignal)).toEqual([15, 15, 15, 2]);
});
