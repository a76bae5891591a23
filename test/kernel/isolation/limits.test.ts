import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { cgroupRoots } from '../../support/leaks.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { appliedStack } from '../spine/stack.js';

const MiB = 2 ** 20;
const BURN = 'while :; do :; done';
const TWICE = ['busybox', 'sh', '-c', `${BURN} & ${BURN}`];
const BOMB = ['busybox', 'sh', '-c', 'bomb() { bomb | bomb; }; while :; do bomb; done'];
const HOG = ['busybox', 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1'];
const held = { image: 'box', stop_signal: 'SIGKILL' };

const use = appliedStack({
  name: 'limits',
  images: { box: SMALL_IMAGE },
  containers: {
    hog: { ...held, command: HOG, restart: 'no', limits: { memory: '32M' } },
    burner: { ...held, command: TWICE, limits: { cpus: 0.5, cpu_shares: 65536 } },
    pinned: { ...held, command: TWICE, limits: { cpuset: '1', cpus: 0.2 } },
    bomb: { ...held, command: BOMB, limits: { pids: 20, cpus: 0.2 } },
    idle: { ...held, command: IDLE },
  },
});

/** The text of the first of these files that a container's cgroup has, v1's name before v2's. */
function read(name: string, ...files: string[]): string {
  const paths = use()
    .groups(`limits.${name}`)
    .flatMap((group) => files.map((file) => join(group, file)));
  const path = paths.find((each) => existsSync(each));
  return path ? readFileSync(path, 'utf8') : '';
}

/** Seconds of CPU time. */
function cpuTime(name: string): number {
  const usage = read(name, 'cpuacct.usage');
  if (usage) return Number(usage) / 1e9;
  return Number(/^usage_usec (\d+)/m.exec(read(name, 'cpu.stat'))?.[1]) / 1e6;
}

const counter = (name: string, key: string, ...files: string[]) =>
  Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(read(name, ...files))?.[1]);

describe('limits bite', () => {
  it('memory: killed at the limit, without swap, and ps says so', async () => {
    const listed = async () =>
      JSON.parse(await use().done('ps', '--json')).find(
        ({ name }: { name: string }) => name === 'hog',
      );
    await expect.poll(listed, { timeout: 20_000 }).toMatchObject({ status: 'exited' });
    expect(await listed()).toMatchObject({ exit_code: 137, out_of_memory: true });
    expect(await use().done('ps')).toMatch(/hog .*out of memory/);
    const peak = Number(read('hog', 'memory.max_usage_in_bytes', 'memory.peak') || 32 * MiB);
    expect(Math.abs(peak / (32 * MiB) - 1)).toBeLessThan(0.05);
    const both = read('hog', 'memory.memsw.max_usage_in_bytes').trim();
    expect(Number(both || read('hog', 'memory.swap.current') || peak)).toBeLessThanOrEqual(
      32 * MiB,
    );
    expect(counter('hog', 'oom_kill', 'memory.oom_control', 'memory.events')).toBe(1);
  });

  it('cpus: two burners get half a CPU between them', async () => {
    const undo = favour();
    try {
      await sleep(500);
      const [time, begin] = [cpuTime('burner'), performance.now()];
      await sleep(4000);
      const share = (cpuTime('burner') - time) / ((performance.now() - begin) / 1000);
      expect(share).toBeGreaterThan(0.45);
      expect(share).toBeLessThan(0.55);
      expect(counter('burner', 'nr_throttled', 'cpu.stat')).toBeGreaterThan(0);
    } finally {
      undo();
    }
  });

  it('cpuset: never on another CPU', async () => {
    const seen = new Set<string | undefined>();
    for (let look = 0; look < 200; look++) {
      for (const pid of use().pids('limits.pinned')) seen.add(processorOf(pid));
      await sleep(5);
    }
    expect([...seen]).toEqual(['1']);
  });

  it('pids: a fork bomb stays small and the host at ease', async () => {
    await expect.poll(() => counter('bomb', 'max', 'pids.events')).toBeGreaterThan(0);
    for (let look = 0; look < 50; look++) {
      expect(Number(read('bomb', 'pids.current'))).toBeLessThanOrEqual(20);
      await sleep(10);
    }
    expect((await use().host.run('true')).code).toBe(0);
  });

  it('devices: EPERM though the node is there and its permissions allow', async () => {
    const [pid] = use().pids('limits.idle');
    const node = `/proc/${pid}/root/dev/memory`;
    await use().host.run('mknod', ['--mode=666', node, 'c', '1', '1']);
    const ran = await use().run('exec', 'idle', '--', 'busybox', 'sh', '-c', ': </dev/memory');
    expect(ran.stderr).toMatch(/Operation not permitted/);
    const allowed = await use().run('exec', 'idle', '--', 'busybox', 'sh', '-c', ': </dev/null');
    expect(allowed).toMatchObject({ code: 0, stderr: '' });
  });
});

/** A busy machine would give less than the quota: for a while our parent group comes first. */
function favour(): () => void {
  const files = cgroupRoots().flatMap((root) => [
    join(root, 'baleine/cpu.shares'),
    join(root, 'baleine/cpu.weight'),
  ]);
  const file = files.find((path) => existsSync(path)) ?? 'no cpu controller';
  const before = readFileSync(file, 'utf8');
  writeFileSync(file, file.endsWith('shares') ? '262144' : '10000');
  return () => writeFileSync(file, before);
}

/** proc_pid_stat(5), field 39; undefined for one that has just ended. */
function processorOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[36];
  } catch {
    return undefined;
  }
}
