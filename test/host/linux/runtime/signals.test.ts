import { expect, it } from 'vitest';
import { requiredSignal, stopSignal } from '../../../../src/host/linux/runtime/exit-hook.js';

it('refuses an unknown signal, and escapes it', () => {
  expect(requiredSignal('usr1')).toBe(10);
  expect(() => requiredSignal('SIG\u001b[2J')).toThrow(
    'cannot send signal SIG\\u001b[2J: it does not exist',
  );
});

it('stops with SIGTERM if the recorded signal is invalid', () => {
  expect(['SIGSTOPP', '', '0', 'SIGINT'].map(stopSignal)).toEqual([15, 15, 15, 2]);
});
