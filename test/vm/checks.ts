import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { aliasPrefix, installPaths } from '../../src/model/install-paths.js';
import * as checkpoint from './checkpoint.js';
import {
  baleine,
  cgroupFile,
  done,
  inBackground,
  inside,
  NOTHING,
  shell,
  write,
} from './driver.js';

export interface Check {
  name: string;
  /** The boot of the machine, 1 or 2, in which it runs; the disk is kept in between. */
  boot: number;
  /** Excluded from the short run: it measures time, or depends on a check that does. */
  long?: boolean;
  run: () => Promise<void> | void;
}

const MiB = 2 ** 20;
const RUNTIMES = ['crun', 'runc'];
const IDLE = ['busybox', 'timeout', '3600', 'busybox', 'tail', '-f', '/dev/null'];
const HOG = ['busybox', 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1'];
const LIMITS = {
  ...{ memory: '64M', cpus: 0.5, cpuset: '1', pids: 20 },
  io: [{ write_bps: '10M' }],
};

const box = (runtime: string, limits: object = LIMITS) => ({
  ...{ image: 'box', runtime, command: IDLE, stop_signal: 'SIGKILL', limits },
});

const STACK = {
  name: 'vm',
  images: { box: { size: '64M', from: { host: { binaries: ['/bin/busybox'] } } } },
  bridges: { front: { subnet: '10.79.1.0/24', host: '10.79.1.1' } },
  volumes: { data: { size: '16M' } },
  containers: {
    'crun-box': box('crun'),
    'runc-box': box('runc'),
    'crun-hog': { ...box('crun', { memory: '32M' }), command: HOG, restart: 'no' },
    'runc-hog': { ...box('runc', { memory: '32M' }), command: HOG, restart: 'no' },
    web: {
      ...box('crun', {}),
      command: ['busybox', 'httpd', '-f', '-p', '80', '-h', '/data'],
      bridges: { front: { address: '10.79.1.2' } },
      volumes: ['data:/data'],
      userns: 'auto',
    },
    counter: checkpoint.COUNTER,
  },
};

/** The stack with some containers changed. */
const withChanged = (containers: object) => ({
  ...STACK,
  containers: { ...STACK.containers, ...containers },
});

const number = (name: string, file: string) => Number(cgroupFile(name, file));
const counter = (name: string, file: string, key: string) =>
  Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(cgroupFile(name, file))?.[1]);
const listed = (name: string) =>
  JSON.parse(done('ps', '--json')).find((each: { name: string }) => each.name === name);

function forEachRuntime(
  name: string,
  run: (container: string) => void | Promise<void>,
  { long = true } = {},
): Check[] {
  return RUNTIMES.map((runtime) => ({
    name: `${runtime}: ${name}`,
    boot: 1,
    long,
    run: () => run(`${runtime}-box`),
  }));
}

/** Checks in order; each relies on the results of those before it. */
const ALL: Check[] = [
  { name: 'doctor finds cgroup v2 only, and a working runtime', boot: 1, run: doctor },
  { name: 'a stack is applied, and then needs no changes', boot: 1, run: applied },
  ...RUNTIMES.map((runtime) => ({
    name: `${runtime}: memory kills at the limit ±5 %, without swap, and ps says so`,
    boot: 1,
    run: () => killed(`${runtime}-hog`),
  })),
  ...forEachRuntime('cpus 0.5 is half a CPU ±10 % over 5 s, and cpuset never another CPU', burns),
  ...forEachRuntime('10 MB/s is what direct writes get, ±20 %', writes),
  ...forEachRuntime('a device that is not allowed gives EPERM', device, { long: false }),
  ...forEachRuntime('stats reports what the kernel reports', stats),
  // runs last: zombies of the bomb remain in the container until it restarts, and count
  ...forEachRuntime('pids 20 stops a fork bomb', bombed),
  { name: 'changed limits are written while containers run', boot: 1, run: changed },
  {
    name: 'changed device rules take a restart, and the plan says so',
    boot: 1,
    long: true,
    run: rules,
  },
  {
    name: 'options that this host lacks are refused at plan, with their place',
    boot: 1,
    run: refused,
  },
  { name: 'a separate user namespace works with Debian’s kernel', boot: 1, run: mapped },
  { name: 'a volume with a size grows while it is written to', boot: 1, run: grown },
  { name: 'crun says that it makes no checkpoints', boot: 1, run: checkpoint.refusedByCrun },
  {
    name: 'runc: a restored container goes on with its memory, files, socket and isolation',
    boot: 1,
    run: checkpoint.saved,
  },
  { name: 'a restored container opens no other device', boot: 1, run: () => device('counter') },
  { name: 'a checkpoint is exported and imported', boot: 1, run: checkpoint.exported },
  { name: 'a restore that fails changes nothing', boot: 1, run: checkpoint.failing },
  {
    name: 'killed checkpoints and restores leave nothing',
    boot: 1,
    long: true,
    run: checkpoint.cutOff,
  },
  { name: 'apply restores everything after a reboot', boot: 2, run: healed },
  { name: 'limits are enforced again', boot: 2, long: true, run: () => burns('crun-box') },
  { name: 'a checkpoint outlives a reboot', boot: 2, run: checkpoint.rebooted },
  { name: 'destroy leaves nothing', boot: 2, run: destroyed },
];

export const CHECKS = process.env.VM_CHECKS === 'short' ? ALL.filter(({ long }) => !long) : ALL;

function doctor(): void {
  const { stdout } = baleine('doctor');
  assert.match(stdout, /cgroups.*v2|unified/);
  assert.match(stdout, /crun/);
  assert.doesNotMatch(readFileSync('/proc/mounts', 'utf8'), / cgroup /);
}

function applied(): void {
  write(STACK);
  const { code, stderr } = baleine('apply', '-y');
  // the kernel kills the containers that exceed their memory, at once or a little later
  const ended = stderr.split('\n').filter((line) => /^container\.\S+: failed: /.test(line));
  for (const line of ended) {
    assert.match(
      line,
      /^container\.(crun|runc)-hog: failed: ended with 137 SIGKILL, out of memory$/,
    );
  }
  assert.equal(code, ended.length > 0 ? 1 : 0, stderr);
  assert.equal(done('plan'), NOTHING);
}

async function killed(name: string): Promise<void> {
  for (let look = 0; look < 40 && listed(name).status !== 'exited'; look++) await sleep(500);
  const { status, exit_code, out_of_memory } = listed(name);
  assert.deepEqual([status, exit_code, out_of_memory], ['exited', 137, true]);
  assert.match(done('ps'), new RegExp(`${name} .*out of memory`));
  assert.equal(number(name, 'memory.max'), 32 * MiB);
  assert.equal(number(name, 'memory.swap.max'), 0);
  assert.equal(counter(name, 'memory.events', 'oom_kill'), 1);
  // memory.peak: since Linux 5.19
  const peak = number(name, 'memory.peak');
  assert.ok(Math.abs(peak / (32 * MiB) - 1) < 0.05, `peak ${peak}`);
}

async function burns(name: string): Promise<void> {
  const loop = 'busybox timeout 25 busybox sh -c "while :; do :; done"';
  const ended = inBackground(name, `${loop} & ${loop}; wait`);
  while (number(name, 'pids.current') < 6) await sleep(100);
  await sleep(1000);
  const seen = new Set<string>();
  const shares: number[] = [];
  // never more; on a busy machine the emulator may give less at first
  while (shares.length < 3 && (shares.at(-1) ?? 0) < 0.45) shares.push(await shareOf(name, seen));
  await ended;
  assert.ok((shares.at(-1) ?? 0) > 0.45 && Math.max(...shares) < 0.55, `shares ${shares}`);
  assert.ok(counter(name, 'cpu.stat', 'nr_throttled') > 0);
  seen.delete('');
  assert.deepEqual([...seen], ['1']);
}

/** The container's share of a CPU over 5 s. @param seen collects the CPUs of its processes */
async function shareOf(name: string, seen: Set<string>): Promise<number> {
  const time = () => counter(name, 'cpu.stat', 'usage_usec') / 1e6;
  const [before, begin] = [time(), performance.now()];
  while (performance.now() - begin < 5000) {
    for (const pid of cgroupFile(name, 'cgroup.procs').split('\n').filter(Boolean)) {
      seen.add(processorOf(pid));
    }
    await sleep(100);
  }
  return (time() - before) / ((performance.now() - begin) / 1000);
}

/** The CPU of a process: proc_pid_stat(5), field 39. Empty if it has ended. */
function processorOf(pid: string): string {
  if (!existsSync(`/proc/${pid}/stat`)) return '';
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[36] ?? '';
}

async function bombed(name: string): Promise<void> {
  const own = processesOf(name);
  const bomb = 'bomb() { bomb | bomb & busybox sleep 1; }; bomb; busybox sleep 2';
  const ended = inBackground(name, `busybox timeout -s KILL 8 busybox sh -c '${bomb}'`);
  for (let look = 0; look < 60; look++) {
    assert.ok(number(name, 'pids.current') <= 20);
    await sleep(100);
  }
  await ended;
  assert.ok(counter(name, 'pids.events', 'max') > 0);
  await killBomb(name, own);
}

const processesOf = (name: string) => cgroupFile(name, 'cgroup.procs').split('\n').filter(Boolean);

/** Kills the remaining processes of a bomb, which would keep forking and slow down other checks. */
async function killBomb(name: string, own: string[]): Promise<void> {
  for (let quiet = 0; quiet < 5; quiet++) {
    for (const pid of processesOf(name).filter((each) => !own.includes(each))) {
      quiet = 0;
      shell('busybox', 'sh', '-c', `kill -9 ${pid} || true`);
    }
    await sleep(100);
  }
}

function writes(name: string): void {
  const dd = 'busybox dd if=/dev/zero of=/file bs=1M count=30 oflag=direct';
  const rates: number[] = [];
  // never more; on a busy machine the emulator may give less at first
  while (rates.length < 3 && (rates.at(-1) ?? 0) < 8) {
    const { stderr } = inside(name, `busybox time -f 'seconds %e' ${dd}; busybox rm /file`);
    rates.push(30 / Number(/^seconds ([\d.]+)$/m.exec(stderr)?.[1]));
  }
  assert.ok((rates.at(-1) ?? 0) > 8 && Math.max(...rates) < 12, `${rates} MiB/s`);
}

function device(name: string): void {
  const pid = cgroupFile(name, 'cgroup.procs').split('\n')[0];
  shell('busybox', 'mknod', '-m', '666', `/proc/${pid}/root/dev/memory`, 'c', '1', '1');
  assert.match(inside(name, ': </dev/memory').stderr, /Operation not permitted/);
  assert.equal(inside(name, ': </dev/zero').code, 0);
}

function stats(name: string): void {
  const before = counter(name, 'cpu.stat', 'usage_usec') / 1e6;
  const [found] = JSON.parse(done('stats', '--no-stream', '--json', name));
  const after = counter(name, 'cpu.stat', 'usage_usec') / 1e6;
  assert.ok(found.cpu_time >= before && found.cpu_time <= after, `${found.cpu_time}`);
  assert.equal(found.memory_limit, 64 * MiB);
  assert.ok(Math.abs(found.memory - number(name, 'memory.current')) < MiB);
  assert.equal(found.pids, number(name, 'pids.current'));
  assert.equal(found.throttled_periods, counter(name, 'cpu.stat', 'nr_throttled'));
  assert.equal(Math.round(found.throttled_time * 1e6), counter(name, 'cpu.stat', 'throttled_usec'));
  assert.equal(found.oom_kills, counter(name, 'memory.events', 'oom_kill'));
  const written = /^(7:\d+) rbytes=(\d+) wbytes=(\d+)/m.exec(cgroupFile(name, 'io.stat'));
  const own = found.io.find((each: { device: string }) => each.device === written?.[1]);
  assert.deepEqual([own.read_bytes, own.write_bytes], written?.slice(2).map(Number));
  assert.ok(own.write_bytes >= 30 * MiB);
}

const firstProcess = (name: string) => cgroupFile(name, 'cgroup.procs').split('\n')[0];

function changed(): void {
  const before = RUNTIMES.map((each) => firstProcess(`${each}-box`));
  const limits = {
    ...{ memory: '96M', cpus: 0.75, cpu_shares: 2048, cpuset: '0-1', pids: 30 },
    io: [{ write_bps: '20M', read_iops: 500 }],
  };
  write(
    withChanged(Object.fromEntries(RUNTIMES.map((each) => [`${each}-box`, box(each, limits)]))),
  );
  done('apply', '-y');
  assert.equal(done('plan'), NOTHING);
  for (const runtime of RUNTIMES) {
    const name = `${runtime}-box`;
    assert.equal(number(name, 'memory.max'), 96 * MiB);
    assert.equal(number(name, 'memory.swap.max'), 0);
    assert.equal(cgroupFile(name, 'cpu.max'), '75000 100000\n');
    assert.equal(cgroupFile(name, 'cpuset.cpus'), '0-1\n');
    assert.equal(number(name, 'pids.max'), 30);
    assert.match(cgroupFile(name, 'io.max'), /^7:\d+ rbps=max wbps=20971520 riops=500 wiops=max$/m);
  }
  write(STACK);
  done('apply', '-y');
  assert.equal(number('crun-box', 'memory.max'), 64 * MiB);
  assert.equal(done('plan'), NOTHING);
  assert.deepEqual(
    RUNTIMES.map((each) => firstProcess(`${each}-box`)),
    before,
  );
}

function rules(): void {
  const before = RUNTIMES.map((each) => firstProcess(`${each}-box`));
  const limits = { ...LIMITS, devices: [{ allow: 'c 10:237 rwm' }] };
  write(
    withChanged(Object.fromEntries(RUNTIMES.map((each) => [`${each}-box`, box(each, limits)]))),
  );
  assert.match(done('plan'), /limits\.devices added, takes a restart/);
  done('apply', '-y');
  assert.equal(done('plan'), NOTHING);
  for (const [index, runtime] of RUNTIMES.entries()) {
    assert.notEqual(firstProcess(`${runtime}-box`), before[index]);
    assert.equal(inside(`${runtime}-box`, ': <>/dev/loop-control').stderr, '');
  }
  write(STACK);
  done('apply', '-y');
}

function refused(): void {
  const unfit = { ...box('crun', { net_class: 1, cpuset: '7' }), apparmor: 'none-such' };
  write(withChanged({ 'crun-box': unfit }));
  const { code, stderr } = baleine('plan');
  write(STACK);
  assert.equal(code, 1);
  assert.match(stderr, /baleine\.yaml:\d+:\d+: this host has no cgroup v1 controller net_cls/);
  // Debian's kernel supports AppArmor, but the machine has no profiles
  assert.match(stderr, /baleine\.yaml:\d+:\d+: AppArmor has no profile none-such loaded/);
  assert.match(stderr, /baleine\.yaml:\d+:\d+: no CPU 7: this host has 2 CPUs, 0-1/);
}

function mapped(): void {
  const [, first] = readFileSync(`/proc/${firstProcess('web')}/uid_map`, 'utf8')
    .trim()
    .split(/\s+/);
  assert.ok(Number(first) >= 0x7000_0000);
  assert.equal(inside('web', 'echo page >/data/page').stderr, '');
  const owner = shell('busybox', 'stat', '-c', '%u', '/var/lib/baleine/volumes/vm/data/page');
  assert.equal(owner, '0\n');
  assert.equal(shell('curl', '-sf', '--max-time', '20', 'http://10.79.1.2/page'), 'page\n');
}

async function grown(): Promise<void> {
  const loop = 'i=0; while [ ! -e /data/stop ]; do i=$((i+1)); echo $i >>/data/log || exit 1; done';
  const line = `${loop}; echo $i >/data/last`;
  const writing = inBackground('web', line);
  const pid = firstProcess('web');
  write({ ...STACK, volumes: { data: { size: '48M' } } });
  done('apply', '-y');
  assert.equal(firstProcess('web'), pid);
  const [blocks = 0, size = 0] = inside('web', 'busybox stat -f -c "%b %s" /data')
    .stdout.split(' ')
    .map(Number);
  assert.ok(blocks * size > 32 * MiB, `${blocks} blocks of ${size} bytes`);
  inside('web', 'echo >/data/stop');
  await writing;
  const ends = inside('web', 'busybox tail -n 1 /data/log; busybox cat /data/last').stdout;
  assert.match(ends, /^(\d+)\n\1\n$/);
  // a plan refuses to make it smaller than its data, and a volume in use at all
  write(STACK);
  assert.match(baleine('plan').stderr, /a volume in use cannot become smaller/);
  write({ ...STACK, volumes: { data: { size: '48M' } } });
  assert.equal(done('plan'), NOTHING);
}

function healed(): void {
  assert.match(done('plan'), /crun-box will be updated|process .* is gone|reboot/);
  done('apply', '-y');
  assert.equal(done('plan'), NOTHING);
  assert.equal(shell('curl', '-sf', '--max-time', '20', 'http://10.79.1.2/page'), 'page\n');
  for (const runtime of RUNTIMES) assert.ok(Number(firstProcess(`${runtime}-box`)) > 0);
}

function destroyed(): void {
  const paths = installPaths('/var/lib/baleine');
  done('destroy', '-y', '--volumes');
  assert.equal(existsSync('/sys/fs/cgroup/baleine'), false, 'the cgroup is left');
  assert.doesNotMatch(readFileSync('/proc/mounts', 'utf8'), /baleine/);
  assert.equal(shell('ip', '-json', 'netns', 'list').trim() || '[]', '[]');
  assert.ok(!shell('ip', 'link').includes(aliasPrefix(paths)));
  assert.equal(shell('losetup', '--list', '--noheadings'), '');
  const left = existsSync(paths.root) ? readdirSync(paths.root, { recursive: true }) : [];
  // the record of the destroyed stack is kept
  assert.deepEqual(left, ['destroyed.csv']);
  assert.doesNotMatch(shell('busybox', 'ps'), /conmon|httpd/);
}
