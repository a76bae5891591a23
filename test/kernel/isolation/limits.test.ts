import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { cgroupRoots } from '../../support/leaks.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { appliedStack, NOTHING } from '../stack/stack.js';

const MiB = 2 ** 20;
const BURN = 'while :; do :; done';
const TWICE = ['busybox', 'sh', '-c', `${BURN} & ${BURN}`];
const BOMB = [
  'busybox',
  'sh',
  '-c',
  'busybox sleep 3; bomb() { bomb | bomb; }; while :; do bomb; done',
];
/** HOG and BOMB begin after apply has found their containers running. */
const HOG = [
  ...['busybox', 'sh', '-c'],
  'busybox sleep 3; exec busybox dd if=/dev/zero of=/dev/null bs=200M count=1',
];
const base = { image: 'box', stop_signal: 'SIGKILL' };

const STACK = {
  name: 'limits',
  images: { box: SMALL_IMAGE, roomy: { ...SMALL_IMAGE, size: '64M' } },
  containers: {
    hog: { ...base, command: HOG, restart: 'no', limits: { memory: '32M' } },
    burner: { ...base, command: TWICE, limits: { cpus: 0.5, cpu_shares: 65536 } },
    pinned: { ...base, command: TWICE, limits: { cpuset: '1', cpus: 0.2 } },
    bomb: { ...base, command: BOMB, restart: 'no', limits: { pids: 20, cpus: 0.2 } },
    idle: { ...base, command: IDLE },
    writer: { ...base, image: 'roomy', command: IDLE, limits: { io: [{ write_bps: '10M' }] } },
  },
};

const use = appliedStack(STACK);

/** The text of the first of these files that exists in a container's cgroup. */
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

describe('limits are enforced', () => {
  it('memory: killed at the limit, without swap, and shown by ps', async () => {
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
    const undo = prioritize();
    try {
      await sleep(500);
      const [time, begin] = [cpuTime('burner'), performance.now()];
      await sleep(5000);
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

  it('pids: a fork bomb stays small and the host responsive', async () => {
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

describe('I/O', () => {
  /** MiB per second. */
  async function written(how: string): Promise<number> {
    const words = ['busybox', 'dd', 'if=/dev/zero', 'of=/file', 'bs=1M', 'count=20', how];
    const timed = ['busybox', 'time', '-f', 'seconds %e', ...words];
    const { stderr } = await use().run('exec', 'writer', '--', ...timed);
    return 20 / Number(/^seconds ([\d.]+)$/m.exec(stderr)?.[1]);
  }

  it.each(['oflag=direct', 'conv=fsync'])(
    'is throttled on the container’s own disk: dd %s',
    async (how) => {
      const undo = prioritize();
      const rates: number[] = [];
      // never more than the limit; a busy machine may give less at first
      while (rates.length < 5 && (rates.at(-1) ?? 0) < 8) rates.push(await written(how));
      undo();
      expect(rates.at(-1)).toBeGreaterThan(8);
      for (const rate of rates) expect(rate).toBeLessThan(12);
    },
  );

  it('is drift when removed from the kernel, and restored without a restart', async () => {
    const before = use().processes('limits.writer');
    const [group = ''] = use()
      .groups('limits.writer')
      .filter((each) => existsSync(join(each, FILE)));
    const [device] = readFileSync(join(group, FILE), 'utf8').split(' ');
    writeFileSync(join(group, FILE), `${device} 0`);
    expect(await use().plan()).toContain('(limits.io was changed on the host)');
    await use().apply();
    expect(readFileSync(join(group, FILE), 'utf8')).toBe(`${device} ${10 * MiB}\n`);
    expect(await use().plan()).toBe(NOTHING);
    expect(use().processes('limits.writer')).toEqual(before);
  });
});

const FILE = 'blkio.throttle.write_bps_device';

describe('device rules', () => {
  const LOOP_CONTROL = 'c 10:237 rw';
  const listed = () => read('idle', 'devices.list').split('\n');
  const change = async (limits: Record<string, unknown>) => {
    const { containers } = STACK;
    const words = {
      ...STACK,
      containers: { ...containers, idle: { ...containers.idle, limits } },
    };
    use().write(words);
    return use().apply();
  };

  it('change while the container runs', async () => {
    const before = use().processes('limits.idle');
    const random = ['exec', 'idle', '--', 'busybox', 'sh', '-c', ': </dev/urandom'];
    await change({ devices: [{ allow: LOOP_CONTROL }, { deny: 'c 1:9 rwm' }] });
    expect(listed()).toContain(LOOP_CONTROL);
    expect((await use().run(...random)).stderr).toMatch(/Operation not permitted/);
    expect(await use().plan()).toBe(NOTHING);
    await change({});
    expect(listed()).not.toContain(LOOP_CONTROL);
    expect((await use().run(...random)).stderr).toBe('');
    expect(use().processes('limits.idle')).toEqual(before);
  });

  it('create the device node at a start', async () => {
    await change({ devices: [{ allow: LOOP_CONTROL }] });
    await use().apply('--replace', 'container.idle');
    const opened = ['exec', 'idle', '--', 'busybox', 'sh', '-c', ': <>/dev/loop-control'];
    expect(await use().run(...opened)).toMatchObject({ code: 0, stderr: '' });
    await change({});
  });
});

it('limits that the host lacks fail at plan, with their place', async () => {
  const asked = {
    cpuset: { cpuset: '0,7' },
    cpus: { cpus: 512 },
    io: { io: [{ write_bps: '1M' }, { device: '/dev/no-such', read_iops: 5 }] },
    class: { net_class: 0x100001 },
  };
  const containers = Object.fromEntries(
    Object.entries(asked).map(([name, limits]) => [name, { ...base, command: IDLE, limits }]),
  );
  use().write({ ...STACK, containers: { ...STACK.containers, ...containers } });
  for (const words of [['plan'], ['apply', '-y']]) {
    const ran = await use().run(...words);
    expect(ran.code).toBe(1);
    expect(ran.stderr.split('\n').slice(0, 4)).toEqual([
      expect.stringMatching(/baleine\.yaml:\d+:\d+: no CPU 7: this host has 2 CPUs, 0-1$/),
      expect.stringMatching(/baleine\.yaml:\d+:\d+: cannot give 512 CPUs: this host has 2 CPUs/),
      expect.stringMatching(
        /baleine\.yaml:\d+:\d+: \/dev\/no-such is not a block device of this host$/,
      ),
      expect.stringMatching(/baleine\.yaml:\d+:\d+: this host has no cgroup v1 controller net_cls/),
    ]);
  }
  use().write(STACK);
});

/** Gives our parent group priority: a busy machine would give less than the quota. @returns undoes it */
function prioritize(): () => void {
  const files = cgroupRoots().flatMap((root) => [
    join(root, 'baleine/cpu.shares'),
    join(root, 'baleine/cpu.weight'),
  ]);
  const file = files.find((path) => existsSync(path)) ?? 'no cpu controller';
  const before = readFileSync(file, 'utf8');
  writeFileSync(file, file.endsWith('shares') ? '262144' : '10000');
  return () => writeFileSync(file, before);
}

/** The CPU of a process: proc_pid_stat(5), field 39. Undefined if it has ended. */
function processorOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[36];
  } catch {
    return undefined;
  }
}
