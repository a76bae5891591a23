import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { controllerDir, hierarchiesOf } from '../../../../src/host/linux/cgroups/hierarchies.js';
import { readLimits, readOomKills } from '../../../../src/host/linux/cgroups/read.js';
import { parseMounts } from '../../../../src/host/linux/disks/mount-table.js';
import { sharesOfWeight, weightOfShares } from '../../../../src/model/limits.js';

const line = (path: string, type: string, options: string) =>
  `31 23 0:28 / ${path} rw - ${type} ${type} ${options}\n`;

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cgroups-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Creates files as in a cgroup hierarchy of either version. */
function tree(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(dir, path, '..'), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
}

const v1 = () =>
  hierarchiesOf(
    parseMounts(
      line(`${dir}/memory`, 'cgroup', 'rw,memory') +
        line(`${dir}/cpu`, 'cgroup', 'rw,cpu,cpuacct') +
        line(`${dir}/systemd`, 'cgroup', 'rw,xattr,name=systemd'),
    ),
  );
const v2 = () => hierarchiesOf(parseMounts(line(dir, 'cgroup2', 'rw')));

const LIMITS = ['memory', 'cpus', 'cpu_shares', 'cpuset', 'pids'] as const;

describe('hierarchies', () => {
  it('are read from the mount table', () => {
    const both = hierarchiesOf(
      parseMounts(line('/c/cpu', 'cgroup', 'rw,cpu') + line('/c/unified', 'cgroup2', 'rw')),
    );
    expect(both.mode).toBe('hybrid');
    expect(controllerDir(both, 'cpu', '/baleine/t/a')).toEqual({
      dir: '/c/cpu/baleine/t/a',
      version: 1,
    });
    expect(controllerDir(both, 'memory', '/baleine/t/a')).toEqual({
      dir: '/c/unified/baleine/t/a',
      version: 2,
    });
    expect([v1().mode, v2().mode, hierarchiesOf([]).mode]).toEqual(['v1', 'v2', 'none']);
    expect(v1().named).toEqual([`${dir}/memory`, `${dir}/cpu`, `${dir}/systemd`]);
  });
});

describe('limits', () => {
  it('are read from v1; no limit reads as undefined', () => {
    tree({
      'memory/g/memory.limit_in_bytes': '67108864\n',
      'memory/g/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n',
      'cpu/g/cpu.cfs_quota_us': '50000\n',
      'cpu/g/cpu.cfs_period_us': '100000\n',
      'cpu/g/cpu.shares': '512\n',
      'memory/free/memory.limit_in_bytes': '9223372036854771712\n',
      'cpu/free/cpu.cfs_quota_us': '-1\n',
    });
    expect(readLimits(v1(), '/g', LIMITS)).toEqual({
      memory: 67108864,
      cpus: 0.5,
      cpu_shares: 512,
    });
    expect(readOomKills(v1(), '/g')).toBe(3);
    expect(readLimits(v1(), '/free', LIMITS)).toEqual({});
    expect(readLimits(v1(), '/none', LIMITS)).toBeUndefined();
  });

  it('are read from v2; no limit reads as undefined', () => {
    tree({
      'g/memory.max': '67108864\n',
      'g/memory.events': 'low 0\nmax 9\noom 2\noom_kill 2\noom_group_kill 0\n',
      'g/cpu.max': '25000 50000\n',
      'g/cpu.weight': '20\n',
      'g/cpuset.cpus': '0-1\n',
      'g/pids.max': '100\n',
      'free/memory.max': 'max\n',
      'free/cpu.max': 'max 100000\n',
      'free/cpuset.cpus': '\n',
      'free/pids.max': 'max\n',
    });
    expect(readLimits(v2(), '/g', LIMITS)).toEqual({
      memory: 67108864,
      cpus: 0.5,
      cpu_shares: sharesOfWeight(20),
      cpuset: '0-1',
      pids: 100,
    });
    expect(readOomKills(v2(), '/g')).toBe(2);
    expect(readLimits(v2(), '/free', LIMITS)).toEqual({});
    expect(readLimits(v2(), '/none', LIMITS)).toBeUndefined();
  });

  it('turn every weight into shares and back', () => {
    for (let weight = 1; weight <= 10000; weight++) {
      expect(weightOfShares(sharesOfWeight(weight))).toBe(weight);
      expect(weightOfShares(sharesOfWeight(weight) - 1)).toBeLessThan(weight);
    }
    expect([weightOfShares(2), weightOfShares(1024), weightOfShares(262144)]).toEqual([
      1, 39, 10000,
    ]);
  });
});
