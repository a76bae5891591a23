import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { Hierarchies } from '../../../../src/host/linux/cgroups/hierarchies.js';
import { readUsage } from '../../../../src/host/linux/cgroups/usage.js';

const unified = mkdtempSync(join(tmpdir(), 'unified-'));
afterAll(() => rmSync(unified, { recursive: true }));

/** Files of a kernel with cgroup v2 only. */
const FILES = {
  'pids.current': '3\n',
  'memory.current': '1234944\n',
  'memory.events': 'low 0\nhigh 0\nmax 7\noom 2\noom_kill 2\noom_group_kill 0\n',
  'cpu.stat':
    'usage_usec 1500000\nuser_usec 1\nsystem_usec 1\nnr_periods 9\nnr_throttled 4\nthrottled_usec 250000\n',
  'io.stat': '254:0 rbytes=8192 wbytes=0 rios=2 wios=0 dbytes=0 dios=0\n7:0 rbytes=0 wbytes=4096\n',
};

it('reads the counters of cgroup v2', () => {
  const group = '/baleine/x/one';
  mkdirSync(join(unified, group), { recursive: true });
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(unified, group, name), text);
  const hierarchies: Hierarchies = { mode: 'v2', v1: new Map(), named: [], unified };
  expect(readUsage(hierarchies, group)).toEqual({
    cpu_time: 1.5,
    memory: 1234944,
    pids: 3,
    io: [
      { device: '254:0', read_bytes: 8192, write_bytes: 0 },
      { device: '7:0', read_bytes: 0, write_bytes: 4096 },
    ],
    throttled_periods: 4,
    throttled_time: 0.25,
    oom_kills: 2,
  });
  expect(readUsage(hierarchies, '/none')).toBeUndefined();
});
