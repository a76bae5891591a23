import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linuxCgroups } from '../../../src/host/linux/cgroups/index.js';
import { linuxDisks } from '../../../src/host/linux/disks/index.js';
import { startTime } from '../../../src/host/linux/process/processes.js';
import { linuxRuntime } from '../../../src/host/linux/runtime/index.js';
import { selectRuntime } from '../../../src/host/linux/runtime/select.js';
import type { Runtime, Started } from '../../../src/host/ports.js';
import {
  bundleDir,
  cgroupPath,
  type InstallPaths,
  logFile,
  rootfsDir,
} from '../../../src/model/install-paths.js';
import type { ContainerSpec } from '../../../src/model/specs.js';
import { cgroupRoots, difference, type Snapshot, snapshot } from '../../support/leaks.js';
import { usableRuntimes } from '../../support/runtimes.js';
import {
  busyboxImage,
  dismantle,
  fillBusybox,
  prepare,
  specOf,
  temporaryInstallation,
} from './machinery.js';

describe.each(usableRuntimes())('%s', (name) => {
  let paths: InstallPaths;
  let remove: () => void;
  let runtime: Runtime;
  let before: Snapshot;
  let spec: (name: string, script: string, more?: Partial<ContainerSpec>) => ContainerSpec;

  beforeAll(async () => {
    ({ paths, remove } = temporaryInstallation());
    runtime = linuxRuntime(paths, linuxCgroups());
    spec = (id, script, more) => specOf(paths, id, script, { runtime: name, ...more });
    await busyboxImage(join(paths.root, 'busybox.img'));
    before = await snapshot({ root: paths.root });
  });

  afterAll(async () => {
    const left = difference(before, await snapshot({ root: paths.root }));
    remove();
    const expected = /: (file|state) /;
    expect(left.filter((line) => !expected.test(line))).toEqual([]);
  });

  /** Runs `test` on a container, which is removed afterwards in any case. */
  async function withContainer(
    container: ContainerSpec,
    test: (started: Started) => Promise<void>,
  ) {
    await prepare(paths, container);
    let started: Started | undefined;
    try {
      started = await runtime.start(container);
      await test(started);
    } finally {
      await runtime.stop(container.id, started ?? {}, { signal: 'SIGKILL', grace: 1000 });
      await dismantle(paths, container);
    }
  }

  /** Waits for the program: the runtime's `start` returns before it has set up its signals. */
  const ready = (container: ContainerSpec) =>
    expect.poll(() => readFileSync(logFile(paths, container.id), 'utf8')).toMatch(/ready/);

  async function inside(id: string, script: string): Promise<string> {
    const answer = await runtime.execute(id, ['/bin/sh', '-c', script]);
    return answer?.output ?? 'not running';
  }

  /** Runs a script to completion and returns its log. */
  async function logged(script: string, more: Partial<ContainerSpec> = {}): Promise<string> {
    const container = spec('log', script, more);
    await withContainer(container, async ({ pid, start_time }) => {
      await expect.poll(() => startTime(pid) === start_time, { timeout: 20_000 }).toBe(false);
      await expect.poll(() => existsSync(join(paths.run, 'exits', container.id))).toBe(true);
    });
    const text = readFileSync(logFile(paths, container.id), 'utf8');
    rmSync(logFile(paths, container.id));
    return text.replace(/^\S+ (stdout|stderr) [FP] /gm, '');
  }

  it('starts, is observed, and is gone after a stop', async () => {
    const container = spec(
      'one',
      'trap "exit 7" TERM; echo ready; while true; do sleep 0.05; done',
    );
    await prepare(paths, container);
    const started = await runtime.start(container);
    await ready(container);
    expect(started).toMatchObject({ runtime: name, start_time: startTime(started.pid) });
    expect(startTime(started.monitor.pid)).toBe(started.monitor.start_time);
    expect(readFileSync(`/proc/${started.pid}/cgroup`, 'utf8')).toContain(
      cgroupPath(paths, container.id),
    );
    expect(await runtime.execute(container.id, ['/bin/sh', '-c', 'echo out; exit 3'])).toEqual({
      code: 3,
      output: 'out',
    });
    expect(await runtime.signal(container.id, 'SIGCONT')).toBe(true);
    await runtime.stop(container.id, started, { signal: 'SIGTERM', grace: 5000 });
    expect(startTime(started.pid)).toBeUndefined();
    expect(startTime(started.monitor.pid)).toBeUndefined();
    expect(await runtime.signal(container.id, 'SIGTERM')).toBe(false);
    expect(await runtime.execute(container.id, ['/bin/true'])).toBeUndefined();
    await runtime.stop(container.id, started, { signal: 'SIGTERM', grace: 5000 });
    expect(readdirSync(join(paths.run, 'exits'))).toEqual([]);
    expect(readdirSync(join(paths.run, 'sockets'))).toEqual([]);
    expect(readdirSync(join(paths.run, 'runtime', name))).toEqual([]);
    expect(readdirSync(bundleDir(paths, container.id)).sort()).toEqual([
      'config.json',
      'hostname',
      'hosts',
      'resolv.conf',
      'rootfs',
    ]);
    for (const root of cgroupRoots())
      expect(existsSync(join(root, 'baleine', paths.tag))).toBe(false);
    await dismantle(paths, container);
  });

  it('kills a process that exceeds its grace period', async () => {
    const container = spec('stubborn', 'trap "" TERM; echo ready; while true; do sleep 0.05; done');
    await withContainer(container, async (started) => {
      await ready(container);
      const begin = Date.now();
      await runtime.stop(container.id, started, { signal: 'SIGTERM', grace: 300 });
      expect(Date.now() - begin).toBeGreaterThanOrEqual(300);
      expect(startTime(started.pid)).toBeUndefined();
    });
  });

  it('confines its process and the commands executed in it', async () => {
    await withContainer(spec('confined', 'sleep 100'), async () => {
      const status = await inside(
        'test.confined',
        'grep -E "^(Cap|NoNewPrivs|Seccomp):?" /proc/self/status; grep -E "^(Cap|NoNewPrivs|Seccomp):?" /proc/1/status',
      );
      const lines = (key: string) =>
        status
          .split('\n')
          .filter((line) => line.startsWith(key))
          .map((line) => line.split(/\s+/)[1]);
      expect(lines('CapBnd')).toEqual(['00000000800405fb', '00000000800405fb']);
      expect(lines('CapEff')).toEqual(['00000000800405fb', '00000000800405fb']);
      expect(lines('CapInh')).toEqual(['0000000000000000', '0000000000000000']);
      expect(lines('NoNewPrivs:')).toEqual(['1', '1']);
      expect(lines('Seccomp:')).toEqual(['2', '2']);
      expect(await inside('test.confined', 'unshare -U true; echo $?')).toMatch(
        /not permitted\n1|^1/m,
      );
      expect(await inside('test.confined', 'unshare -m true && echo yes')).toMatch(/not permitted/);
      expect(await inside('test.confined', 'mount -t tmpfs x /tmp && echo yes')).toMatch(
        /permission denied|not permitted/i,
      );
      expect(await inside('test.confined', 'dmesg')).toMatch(/not permitted/);
      expect(await inside('test.confined', 'echo 1 > /proc/sys/kernel/panic')).toMatch(
        /Read-only|read-only/,
      );
      expect(await inside('test.confined', 'echo x > /etc/hosts')).toMatch(/[Rr]ead-only/);
      expect(await inside('test.confined', 'cat /proc/interrupts')).toBe('');
      expect(
        await inside(
          'test.confined',
          'cat /etc/hostname /etc/resolv.conf; grep peer /etc/hosts; echo $HOME:$HOSTNAME',
        ),
      ).toBe('confined\nnameserver 10.1.1.1\n10.9.8.7 peer\n/root:confined');
    });
  });

  it('drops only filter and masks when unconfined', async () => {
    await withContainer(spec('open', 'sleep 100', { security: 'unconfined' }), async () => {
      const status = await inside(
        'test.open',
        'grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status',
      );
      expect(status.split(/\s+/)).toEqual([
        'CapEff:',
        '00000000800405fb',
        'NoNewPrivs:',
        '1',
        'Seccomp:',
        '0',
      ]);
    });
  });

  it('gives a restricted container one capability, and refuses it root', async () => {
    const container = spec('strict', 'grep CapBnd /proc/self/status; id', {
      security: 'restricted',
    });
    await prepare(paths, container);
    await expect(runtime.start(container)).rejects.toThrow(/cannot run as root/);
    await dismantle(paths, container);
    expect(
      await logged('grep CapBnd /proc/self/status; id', { security: 'restricted', user: 'web' }),
    ).toBe('CapBnd:\t0000000000000400\nuid=1000(web) gid=1001(web) groups=1001(web),1002(logs)\n');
  });

  it('read_only: the disk is not written, /run and /tmp are in memory', async () => {
    const text = await logged(
      'exec 2>&1; touch /srv/x; touch /tmp/x /run/x && stat -f -c %T /tmp /run',
      {
        read_only: true,
      },
    );
    expect(text).toMatch(/Read-only file system\ntmpfs\ntmpfs\n$/);
  });

  it('mounts the requested folders, read-only if requested', async () => {
    const source = join(paths.root, 'data');
    mkdirSync(source);
    writeFileSync(join(source, 'f'), 'in the volume');
    const text = await logged(
      'exec 2>&1; cat /data/f; echo; touch /data/g; touch /rw/g && echo written',
      {
        mounts: [
          { source, target: '/data', read_only: true },
          { source, target: '/rw', read_only: false },
        ],
      },
    );
    expect(text).toMatch(/^in the volume\n\n?.*Read-only file system\nwritten\n$/);
    expect(existsSync(join(source, 'g'))).toBe(true);
  });

  it('sets limits in the cgroup and on the process', async () => {
    const limits = { memory: 32 * 2 ** 20, cpus: 0.5, cpu_shares: 512, cpuset: '0', pids: 17 };
    const container = spec('limited', 'sleep 100', {
      limits,
      ulimits: { nofile: { soft: 100, hard: 999_999_999 } },
    });
    await withContainer(container, async ({ pid }) => {
      const file = (controller: string, key: string) =>
        readFileSync(
          `/sys/fs/cgroup/${controller}${cgroupPath(paths, container.id)}/${key}`,
          'utf8',
        ).trim();
      expect(file('memory', 'memory.limit_in_bytes')).toBe(String(limits.memory));
      expect(file('memory', 'memory.memsw.limit_in_bytes')).toBe(String(limits.memory));
      expect(file('cpu', 'cpu.cfs_quota_us')).toBe('50000');
      expect(file('cpu', 'cpu.shares')).toBe('512');
      expect(file('cpuset', 'cpuset.cpus')).toBe('0');
      expect(file('pids', 'pids.max')).toBe('17');
      const rlimits = readFileSync(`/proc/${pid}/limits`, 'utf8');
      expect(rlimits).toMatch(/Max open files\s+100\s/);
      expect(rlimits).toMatch(/Max core file size\s+0\s+0/);
    });
  });

  it('refuses a disk that would make the runtime write to the host', async () => {
    const container = spec('hostile', 'true');
    await prepare(paths, container);
    const tree = rootfsDir(paths, container.id);
    const target = join(paths.root, 'target');
    mkdirSync(target);
    rmSync(join(tree, 'dev'), { recursive: true });
    symlinkSync(target, join(tree, 'dev'));
    await expect(runtime.start(container)).rejects.toThrow(/its \/dev is not a folder/);
    expect(readdirSync(target)).toEqual([]);
    rmSync(join(tree, 'dev'));
    symlinkSync('/proc/self/fd', join(tree, 'srv/fds'));
    await expect(runtime.start({ ...container, working_dir: '/srv/fds/7' })).rejects.toThrow(
      /leads to \/proc\/self\/fd\/7/,
    );
    await dismantle(paths, container);
    rmSync(target, { recursive: true });
  });

  it('quotes the runtime and leaves nothing if the program does not exist', async () => {
    const container = spec('absent', '', { args: ['/no/such/program'] });
    await prepare(paths, container);
    await expect(runtime.start(container)).rejects.toThrow(
      /cannot start test\.absent: .*no such file/i,
    );
    expect(readdirSync(join(paths.run, 'runtime', name))).toEqual([]);
    for (const root of cgroupRoots())
      expect(existsSync(join(root, cgroupPath(paths, container.id)))).toBe(false);
    await dismantle(paths, container);
  });

  it('starts again over the leftovers of a killed start', async () => {
    const container = spec('again', 'sleep 100');
    await prepare(paths, container);
    const first = await runtime.start(container);
    process.kill(first.pid, 'SIGKILL');
    await expect.poll(() => existsSync(join(paths.run, 'exits', container.id))).toBe(true);
    expect(readFileSync(join(paths.run, 'exits', container.id), 'utf8')).toBe('137');
    const second = await runtime.start(container);
    expect(second.pid).not.toBe(first.pid);
    expect(existsSync(join(paths.run, 'exits', container.id))).toBe(false);
    const third = await runtime.start(container);
    expect(startTime(second.pid)).toBeUndefined();
    // without its monitor the container keeps running, and can still be stopped
    process.kill(third.monitor.pid, 'SIGKILL');
    await runtime.stop(container.id, third, { signal: 'SIGKILL', grace: 1000 });
    expect(startTime(third.pid)).toBeUndefined();
    await dismantle(paths, container);
  });

  it('leaves an ended container to its runtime if something runs in its groups', async () => {
    const container = spec('left', 'sleep 100');
    await prepare(paths, container);
    const started = await runtime.start(container);
    const other = spawn('sleep', ['100'], { stdio: 'ignore' });
    const hasEnded = once(other, 'exit');
    for (const root of cgroupRoots()) {
      writeFileSync(join(root, cgroupPath(paths, container.id), 'cgroup.procs'), `${other.pid}`);
    }
    const stop = () => runtime.stop(container.id, started, { signal: 'SIGKILL', grace: 1000 });
    // runc ends only what is in the namespace of the first process
    if (name === 'runc') {
      await expect(stop()).rejects.toThrow(/processes are left in it/);
      other.kill('SIGKILL');
    }
    await stop();
    expect(await hasEnded).toEqual([null, 'SIGKILL']);
    expect(readdirSync(join(paths.run, 'runtime', name))).toEqual([]);
    await dismantle(paths, container);
  });

  it('does not signal another process that has the recorded pid', async () => {
    const container = spec('mistaken', 'true');
    await prepare(paths, container);
    const own = {
      pid: process.pid,
      start_time: 1,
      boot_id: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    };
    await runtime.stop(container.id, own, { signal: 'SIGKILL', grace: 10 });
    await dismantle(paths, container);
  });

  it('supports the longest names', async () => {
    const container = {
      ...spec('x', 'sleep 100'),
      id: `${'s'.repeat(63)}.${'n'.repeat(63)}`,
      hostname: 'x',
    };
    await withContainer(container, async () => {
      expect(await inside(container.id, 'echo $HOSTNAME')).toBe('x');
    });
  });

  it('starts eight at a time', async () => {
    const all = Array.from({ length: 8 }, (_, index) => spec(`p${index}`, 'sleep 100'));
    for (const container of all) await prepare(paths, container);
    const started = await Promise.all(all.map((container) => runtime.start(container)));
    expect(new Set(started.map(({ pid }) => pid)).size).toBe(8);
    await Promise.all(
      all.map((container, index) =>
        runtime.stop(container.id, started[index] as Started, { signal: 'SIGKILL', grace: 1000 }),
      ),
    );
    for (const container of all) await dismantle(paths, container);
  });

  it('runs a command once on a tree, without network, and rejects with its output', async () => {
    const tree = join(paths.root, 'tree');
    const file = join(paths.root, 'once.img');
    const disks = linuxDisks();
    await disks.create(file, 32 * 2 ** 20, async (path) => fillBusybox(path));
    await disks.ensureMounted(file, tree);
    const config = { environment: { WHO: 'me' }, user: 'web', working_dir: '/tmp' };
    await runtime.runOneOff(
      tree,
      ['/bin/sh', '-c', 'echo $WHO $(id -u) $PWD $(ls /sys/class/net) > out'],
      config,
    );
    expect(readFileSync(join(tree, 'tmp/out'), 'utf8')).toBe('me 1000 /tmp lo\n');
    const failing = runtime.runOneOff(tree, ['/bin/sh', '-c', 'echo why >&2; exit 4'], {
      environment: {},
    });
    await expect(failing).rejects.toThrow(/why/);
    expect(readdirSync(join(paths.run, 'once'))).toEqual([]);
    expect(readdirSync(join(paths.run, 'runtime', name))).toEqual([]);
    await disks.ensureUnmounted(tree);
  });
});

describe('selectRuntime', () => {
  it('selects crun where it works, including hybrid cgroups, and caches that', async () => {
    const { paths, remove } = temporaryInstallation();
    const selected = await selectRuntime(paths, linuxCgroups());
    expect(selected).toMatchObject({ name: 'crun', tried: [] });
    expect(selected.command.at(-1)).toBe(selected.path);
    const begin = Date.now();
    expect(await selectRuntime(paths, linuxCgroups())).toEqual(selected);
    expect(Date.now() - begin).toBeLessThan(10);
    expect(readdirSync(paths.run).sort()).toEqual(['once', 'probe', 'runtime', 'runtime.json']);
    remove();
  });

  it('refuses missing runtimes and invalid names', async () => {
    const { paths, remove } = temporaryInstallation();
    const select = (name: string) => selectRuntime(paths, linuxCgroups(), name);
    await expect(select('no-such')).rejects.toThrow(/no-such: not installed/);
    await expect(select('../x')).rejects.toThrow(/cannot use runtime/);
    remove();
  });
});
