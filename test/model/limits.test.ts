import { describe, expect, it } from 'vitest';
import { sameLimit } from '../../src/model/limits.js';

describe('sameLimit', () => {
  it.each([
    ['memory', 64 * 1024 ** 2, 64 * 1024 ** 2, true],
    ['memory', 10_000_000, 9_998_336, true],
    ['memory', 64 * 1024 ** 2, 96 * 1024 ** 2, false],
    ['memory', 64 * 1024 ** 2, undefined, false],
    ['cpus', 1 / 3, 0.33333, true],
    ['cpus', 0.5, 0.51, false],
    ['cpu_shares', 512, 513, true],
    ['cpu_shares', 512, 1024, false],
    ['cpuset', '0,1', '0-1', true],
    ['cpuset', '0-2', '0,2', false],
    ['pids', 100, 100, true],
    ['pids', 100, 101, false],
    ['io', [{ device: 'disk', write_bps: 1 }], [{ device: 'disk', write_bps: 1 }], true],
    ['io', [{ device: 'disk', write_bps: 1 }], [{ device: 'disk', read_bps: 1 }], false],
    ['io', [{ device: 'a' }, { device: 'b' }], [{ device: 'b' }, { device: 'a' }], true],
    ['net_class', 5, 6, false],
  ] as const)('%s %s as the kernel says %s: %s', (name, wanted, seen, same) => {
    expect(sameLimit(name, wanted as never, seen as never)).toBe(same);
  });
});
