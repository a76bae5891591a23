import { describe, expect, it } from 'vitest';
import { parseStat, startTime } from '../../../../src/host/linux/process/processes.js';

const stat = (name: string, state: string) =>
  `4121 (${name}) ${state} 7 4121 4121 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 2 3`;

describe('a process', () => {
  it.each(['httpd', 'a b', 'x) R 1 (y', ') Z 1'])('is found behind the name %s', (name) => {
    expect(parseStat(stat(name, 'S'))).toEqual({ start_time: 987654, parent: 7 });
  });

  it.each(['Z', 'X'])('is absent in state %s', (state) => {
    expect(parseStat(stat('httpd', state))).toBeUndefined();
  });

  it('is stable, and absent without a process', () => {
    expect(startTime(process.pid)).toBeGreaterThan(0);
    expect(startTime(process.pid)).toBe(startTime(process.pid));
    expect(startTime(2 ** 30)).toBeUndefined();
  });
});
