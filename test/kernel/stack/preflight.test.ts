import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { Stack } from './stack.js';

const idle = { image: 'box', command: IDLE, stop_signal: 'SIGKILL' };
const fileOf = (a: object, more: object = {}) => ({
  name: 'pre',
  images: { box: SMALL_IMAGE },
  containers: { a: { ...idle, ...a }, b: idle },
  ...more,
});

/** Keys of a container and the expected error. Without preflight it would only fail at the start. */
const REFUSED: [what: string, container: object, error: RegExp, bridges?: object][] = [
  [
    'a source behind a dangling link',
    { volumes: ['./dangling:/x'] },
    /bind source .*\/dangling does not exist$/m,
  ],
  [
    'a source below a file',
    { volumes: ['./file/x:/x'] },
    /bind source .*\/file\/x does not exist$/m,
  ],
  [
    'an architecture that nobody knows',
    { seccomp: './odd.json' },
    /archMap\[0\]\.architecture is "SCMP_ARCH_VAX"/,
  ],
  [
    'a parameter that is not there',
    { sysctls: { 'net.ipv4.no_such': '1' } },
    /has no sysctl net\.ipv4\.no_such$/m,
  ],
  [
    'a parameter of the host’s network alone',
    { sysctls: { 'net.core.netdev_budget': '1' } },
    /sysctl net\.core\.netdev_budget/,
  ],
  [
    'a value that it cannot have',
    { sysctls: { 'net.ipv4.ip_unprivileged_port_start': 'low' } },
    /ip_unprivileged_port_start cannot be "low": Invalid argument$/m,
  ],
  [
    'an argument that is too long',
    { command: [...IDLE, 'x'.repeat(140_000)] },
    /has 140000 bytes: the kernel takes 131071 at most$/m,
  ],
  ['a runtime that is not there', { runtime: 'norunc' }, /runtime norunc is not installed/],
  [
    'a WebAssembly module for a crun without an engine',
    { wasm: 'wasmer' },
    /:\d+:\d+: crun [\d.]+ runs .*: install a crun whose `crun --version` shows \+WASM:wasmer$/m,
  ],
  ['a folder in memory of no size', { tmpfs: ['/m:size=lots'] }, /tmpfs option "size=lots"/],
  [
    'an interface that is not there',
    { bridges: ['lan'] },
    /this host has no interface nix0$/m,
    { lan: { uplink: 'nix0' } },
  ],
  [
    'an interface with addresses',
    { bridges: ['lan'] },
    /interface up0 has the address 10\.9\.9\.1\/24/,
    { lan: { uplink: 'up0' } },
  ],
];

it(
  'refuses at plan, with its place, what would fail at the start, and touches nothing',
  inPrivateHost(async (host) => {
    symlinkSync('nowhere', join(host.dir, 'dangling'));
    writeFileSync(join(host.dir, 'file'), '');
    const archMap = [{ architecture: 'SCMP_ARCH_VAX', subArchitectures: [] }];
    const profile = { defaultAction: 'SCMP_ACT_ALLOW', archMap, syscalls: [] };
    writeFileSync(join(host.dir, 'odd.json'), JSON.stringify(profile));
    await host.run('ip', ['link', 'add', 'up0', 'type', 'veth', 'peer', 'up1']);
    await host.run('ip', ['address', 'add', '10.9.9.1/24', 'dev', 'up0']);
    const stack = new Stack(host, fileOf({}));
    await stack.apply();
    const before = stack.processes('pre.a', 'pre.b');
    for (const [what, container, error, bridges] of REFUSED) {
      stack.write(fileOf(container, bridges && { bridges }));
      for (const words of [['plan'], ['apply', '-y']]) {
        const { code, stderr } = await stack.run(...words);
        expect({ what, code }).toEqual({ what, code: 1 });
        expect(stderr).toMatch(/^Error: .*baleine\.yaml:\d+:\d+: /);
        expect(stderr).toMatch(error);
      }
    }
    expect(stack.processes('pre.a', 'pre.b')).toEqual(before);
    stack.write(fileOf({}));
    await stack.destroy();
    await host.run('ip', ['link', 'delete', 'up0']);
  }),
  200_000,
);

it(
  'refuses a memory limit below current usage, and a process limit below the current number',
  inPrivateHost(async (host) => {
    // a file in memory, which the kernel cannot reclaim
    const fill =
      'busybox dd if=/dev/zero of=/dev/shm/held bs=1M count=24; busybox sleep 1000 & wait';
    const filling = { command: ['busybox', 'sh', '-c', fill] };
    const stack = new Stack(host, fileOf({ ...filling, limits: { memory: '64M' } }));
    await stack.apply();
    const before = stack.processes('pre.a');
    const held = async () =>
      (await stack.run('exec', 'a', '--', 'busybox', 'ls', '-s', '/dev/shm/held')).stdout;
    await expect.poll(held, { timeout: 30_000 }).toMatch(/^ *24576/);
    stack.write(fileOf({ ...filling, limits: { memory: '16M' } }));
    expect((await stack.run('plan')).stderr).toMatch(
      /^Error: .*baleine\.yaml:\d+:\d+: 16M is less than the 2\d(\.\d+)?M that it uses now$/m,
    );
    stack.write(fileOf({ ...filling, limits: { memory: '64M', pids: 1 } }));
    expect((await stack.run('apply', '-y')).stderr).toMatch(
      /: 1 is less than the [23] that run now$/m,
    );
    stack.write(fileOf({ ...filling, limits: { memory: '48M' } }));
    await stack.apply();
    expect(stack.processes('pre.a')).toEqual(before);
    await stack.destroy();
  }),
);

it(
  'leaves a running container with a missing source alone, heals the rest, and continues once it is back',
  inPrivateHost(async (host) => {
    const conf = join(host.dir, 'conf');
    mkdirSync(conf);
    const stack = new Stack(host, fileOf({ volumes: ['./conf:/conf'] }));
    await stack.apply();
    const before = stack.processes('pre.a');
    renameSync(conf, `${conf}.away`);
    const refused = await stack.run('restart', 'a');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toMatch(
      /cannot start container\.a: bind source .*\/conf does not exist/,
    );
    expect(stack.processes('pre.a')).toEqual(before);
    for (const id of ['pre.a', 'pre.b']) await stack.kill(id);
    await expect.poll(() => [...stack.pids('pre.a'), ...stack.pids('pre.b')]).toEqual([]);
    const healed = await stack.run('apply', '-y');
    expect(healed.code).toBe(1);
    expect(healed.stderr).toMatch(/cannot start container\.a: bind source/);
    expect([stack.pids('pre.a').length, stack.pids('pre.b').length > 0]).toEqual([0, true]);
    renameSync(`${conf}.away`, conf);
    await stack.apply();
    expect(stack.pids('pre.a').length).toBeGreaterThan(0);
    rmSync(conf, { recursive: true });
    await stack.destroy();
  }),
);

it(
  'refuses the same for imperative commands',
  inPrivateHost(async (host) => {
    await host.baleine(['image', 'create', 'box', '--size', '16M', '--from-host', '/bin/busybox']);
    const create = (...words: string[]) =>
      host.baleine(['container', 'create', 'c', '--image', 'box', ...words, '--', ...IDLE], {
        reject: false,
      });
    expect((await create('-v', '/no/such:/x')).stderr).toBe(
      'Error: cannot create container c: bind source /no/such does not exist\n',
    );
    expect((await create('--runtime', 'norunc')).stderr).toBe(
      'Error: cannot create container c: runtime norunc is not installed on this host\n',
    );
    const network = await host.baleine(['network', 'create', 'n', '--uplink', 'nix0'], {
      reject: false,
    });
    expect(network.stderr).toBe(
      'Error: cannot create network n: this host has no interface nix0\n',
    );
    expect((await host.baleine(['container', 'ls', '-a', '-q'])).stdout).toBe('');
    await host.baleine(['image', 'rm', 'box']);
  }),
);
