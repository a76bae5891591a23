import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { TABLES } from '../../src/app/context.js';
import { installPaths } from '../../src/model/install-paths.js';
import type { ContainerFacts } from '../../src/model/specs.js';
import { openStore } from '../../src/state/store.js';
import { inPrivateHost, type PrivateHost } from '../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../support/small-image.js';

/** Two containers on a bridge, one with a volume; quick to create and to stop. */
const STACK = {
  name: 'shop',
  images: { base: SMALL_IMAGE },
  bridges: { net: { subnet: '10.77.1.0/24' } },
  volumes: { data: {} },
  containers: {
    one: {
      image: 'base',
      command: IDLE,
      stop_signal: 'SIGKILL',
      bridges: ['net'],
      volumes: ['data:/data'],
    },
    two: { image: 'base', command: IDLE, stop_signal: 'SIGKILL', bridges: ['net'] },
  },
};

/** Milliseconds; one apply takes a second or two, but fifty at once are slow on a busy machine. */
const TIMEOUT = 450_000;

function write(host: PrivateHost): string[] {
  const file = join(host.dir, 'baleine.yaml');
  writeFileSync(file, JSON.stringify(STACK));
  return ['-f', file];
}

async function ps(host: PrivateHost, file: string[]) {
  const { stdout } = await host.baleine(['ps', '--json', ...file]);
  return JSON.parse(stdout) as { name: string; pid: number; status: string; addresses: unknown }[];
}

it(
  'sends no signal to the process that got the pid of a container',
  inPrivateHost(async (host) => {
    const file = write(host);
    await host.baleine(['apply', '-y', ...file]);
    const before = await ps(host, file);
    const stranger = spawn('sleep', ['600']);
    try {
      const store = openStore(installPaths(host.root), TABLES);
      for (const row of store.rows.filter(({ kind }) => kind === 'container')) {
        const facts = { ...(row.facts as ContainerFacts), pid: stranger.pid };
        const monitor = { pid: stranger.pid, start_time: 1 };
        await store.put({ ...row, facts: { ...facts, monitor } });
      }
      for (const { pid } of before) process.kill(pid, 'SIGKILL');
      const log = join(host.dir, 'strace.log');
      const signals = 'trace=kill,tkill,tgkill,pidfd_send_signal';
      const main = join(import.meta.dirname, '../../dist/main.js');
      const words = ['--root', host.root, 'apply', '-y', '--quiet', ...file];
      // -D: do not wait for the tracer, which follows the containers until they end
      const trace = ['strace', '-D', '-f', '-qq', '-e', signals, '-o', log, process.execPath, main];
      const script = 'exec "$@" >out 2>&1';
      await host.run('sh', ['-c', script, 'sh', ...trace, ...words]);
      const stdout = readFileSync(join(host.dir, 'out'), 'utf8');
      expect(stdout).toMatch(/container.one healed: .*\n.*container.two healed: /);
      const sent = readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line.includes('('));
      // signal 0 only checks whether a process exists
      const aimed = sent.filter(
        (line) => line.includes(`(${stranger.pid},`) && !/, 0\)/.test(line),
      );
      expect(aimed).toEqual([]);
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
      const after = await ps(host, file);
      expect(after.map(({ status }) => status)).toEqual(['running', 'running']);
      expect((await host.baleine(['plan', '--detailed-exitcode', ...file])).code).toBe(0);
    } finally {
      stranger.kill('SIGKILL');
      await host.baleine(['destroy', '-y', '--volumes', ...file]);
    }
  }),
  TIMEOUT,
);

it(
  'one apply restores everything after a reboot, with addresses and data',
  inPrivateHost(async (host) => {
    const file = write(host);
    await host.baleine(['apply', '-y', ...file]);
    const before = await ps(host, file);
    const inOne = (...words: string[]) =>
      host.baleine(['exec', '--file', file[1] ?? '', 'one', 'busybox', ...words]);
    writeFileSync(join(host.root, 'volumes/shop/data/kept'), 'kept');
    await inOne('touch', '/mine');
    await reboot(
      host,
      before.map(({ pid }) => pid),
    );

    const { stdout } = await host.baleine(['apply', '-y', '--quiet', ...file]);
    expect(stdout).toContain('container.one healed: the host has rebooted');
    expect((await host.baleine(['plan', '--detailed-exitcode', ...file])).code).toBe(0);
    const after = await ps(host, file);
    expect(after.map(({ name, status, addresses }) => [name, status, addresses])).toEqual(
      before.map(({ name, addresses }) => [name, 'running', addresses]),
    );
    expect(readFileSync(join(host.root, 'volumes/shop/data/kept'), 'utf8')).toBe('kept');
    const mine = await inOne('ls', '/mine');
    expect(mine.stdout).toBe('/mine\n');
    expect(readdirSync(join(host.root, 'disks'))).toEqual(['shop.one.img', 'shop.two.img']);
    await host.baleine(['destroy', '-y', '--volumes', ...file]);
    await host.run('umount', ['/proc/sys/kernel/random/boot_id']);
  }),
  TIMEOUT,
);

/** Removes what a reboot removes: processes, mounts, namespaces, links, /run; changes the boot id. */
async function reboot(host: PrivateHost, pids: number[]): Promise<void> {
  const { run, tag } = installPaths(host.root);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  const boot = join(host.dir, 'boot_id');
  writeFileSync(boot, '00000000-0000-4000-8000-000000000000\n');
  await host.run('sh', [
    '-ec',
    `sleep 0.5
for dir in ${run}/containers/*/rootfs; do umount "$dir"; done
for name in $(ip -o netns list | cut -d' ' -f1); do ip netns delete "$name"; done
for link in $(ip -o link show type bridge | cut -d: -f2); do ip link delete "$link"; done
rm -rf /run/baleine
for dir in $(find /sys/fs/cgroup -depth -type d -path '*/baleine/${tag}*'); do rmdir "$dir"; done
mount --bind ${boot} /proc/sys/kernel/random/boot_id`,
  ]);
}

it(
  'lets one of fifty applies work at a time, and needs no cleanup of a killed one’s lock',
  inPrivateHost(async (host) => {
    const file = write(host);
    const all = Array.from({ length: 50 }, (_, index) =>
      host.baleine(
        ['apply', '-y', '--quiet', ...(index % 2 === 0 ? [] : ['--lock-timeout', '400s']), ...file],
        { reject: false, timeout: 420_000 },
      ),
    );
    const ran = await Promise.all(all);
    const codes = ran.map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set([0, 75]));
    expect(codes.filter((_, index) => index % 2 === 1)).toEqual(Array(25).fill(0));
    expect(ran.filter(({ stdout }) => stdout !== '')).toHaveLength(1);

    const lock = join(host.root, '.lock');
    const holder = spawn('flock', [lock, 'sh', '-c', 'echo held; exec cat']);
    await once(holder.stdout, 'data');
    expect((await host.baleine(['apply', '-y', ...file], { reject: false })).code).toBe(75);
    holder.kill('SIGKILL');
    holder.stdin.end();
    await once(holder, 'close');
    expect((await host.baleine(['apply', '-y', ...file])).code).toBe(0);
    await host.baleine(['destroy', '-y', '--volumes', ...file]);
  }),
  TIMEOUT,
);

it(
  'finishes the running step, saves and reports at SIGINT; the next apply continues',
  inPrivateHost(async (host) => {
    const file = write(host);
    const main = join(import.meta.dirname, '../../dist/main.js');
    // sends SIGINT at the first line of progress
    const script = `"$@" 2>&1 >out | while read -r line; do echo "$line"; [ -n "$sent" ] || kill -INT $(cat pid); sent=1; done`;
    const words = [process.execPath, main, '--root', host.root, 'apply', '-y', ...file];
    const wrap = ['sh', '-c', 'echo $$ >pid; exec "$@"', 'sh', ...words];
    const { stdout } = await host.run('sh', ['-c', script, 'sh', ...wrap], { reject: false });
    expect(stdout).toContain('Interrupted: finishing what has begun');
    expect(readFileSync(join(host.dir, 'out'), 'utf8')).toContain('Apply interrupted.');
    expect((await host.baleine(['apply', '-y', ...file])).code).toBe(0);
    expect((await host.baleine(['plan', '--detailed-exitcode', ...file])).code).toBe(0);
    await host.baleine(['destroy', '-y', '--volumes', ...file]);
  }),
  TIMEOUT,
);
