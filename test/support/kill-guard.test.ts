import { expect, it } from 'vitest';

it.each([0, 1, -1])('a test cannot signal %j', (pid) => {
  expect(() => process.kill(pid, 0)).toThrow(`a test may not signal ${pid}`);
});

it('a test can signal a process', () => {
  expect(process.kill(process.pid, 0)).toBe(true);
});
