import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { installPaths, netnsName } from '../../../src/model/install-paths.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { FARM_IMAGE, farmOf } from './farm-proxy.js';
import { headings, NOTHING, Stack, type StackFile } from './stack.js';

const IDLE = { image: 'box', command: ['busybox', 'sleep', '100000'], stop_signal: 'SIGKILL' };

/** Unhealthy while it has the file /ill. */
const CHECKED = {
  ...IDLE,
  healthcheck: {
    exec: ['busybox', 'test', '!', '-e', '/ill'],
    interval: '0s',
    retries: 1,
    on_failure: 'none',
  },
};

/** A bridge without a way out, and one whose resolver asks through its way out. */
function file(replicas: number, more: object = {}): StackFile {
  return {
    name: 'names',
    images: { box: FARM_IMAGE },
    bridges: {
      back: { subnet: '10.77.2.0/24', isolated: true, dns: true },
      open: { subnet: '10.77.3.0/24', egress: true, dns: true },
    },
    containers: {
      asker: { ...IDLE, bridges: ['back'] },
      api: {
        ...IDLE,
        hostname: 'backend',
        domainname: 'example.test',
        bridges: { back: { address: '10.77.2.10', aliases: ['service.example'] } },
      },
      worker: { ...CHECKED, bridges: ['back'], replicas },
      outer: { ...IDLE, bridges: ['open'] },
      ...more,
    },
    farms: { shop: farmOf(2, '10.77.3.10', { proxy: { bridges: { open: {}, back: {} } } }) },
  };
}

const BACK = '10.77.2.254';
const OPEN = '10.77.3.253';

/** The answer of a resolver: its addresses in order, or how it refuses, or nothing in time. */
async function ask(stack: Stack, from: string, name: string, server: string, type = 'a') {
  const words = ['busybox', 'nslookup', `-type=${type}`, name, server];
  const { stdout, stderr } = await stack.run('exec', from, ...words);
  const answer = stdout.slice(stdout.indexOf('\n\n'));
  const found = [...answer.matchAll(/^Address(?: \d+)?:\s+(\S+)$/gm)].map(([, each]) => each);
  if (found.length > 0) return found.join(' ');
  const other = /NXDOMAIN|REFUSED|timed out/.exec(stdout + stderr)?.[0];
  return other ?? (/answer:\s*$/.test(stdout) ? 'no data' : stdout + stderr);
}

const sorted = async (...how: Parameters<typeof ask>) => (await ask(...how)).split(' ').sort();

/** Names beyond the host, at 203.0.113.10, by a dnsmasq there. */
async function outside(host: PrivateHost): Promise<() => Promise<void>> {
  await host.run('ip', ['netns', 'add', 'outside']);
  const peer = ['peer', 'name', 'out1', 'netns', 'outside'];
  await host.run('ip', ['link', 'add', 'out0', 'type', 'veth', ...peer]);
  await host.run('ip', ['address', 'add', '203.0.113.1/24', 'dev', 'out0']);
  await host.run('ip', ['link', 'set', 'out0', 'up']);
  const there = (...all: string[]) => host.run('ip', ['-netns', 'outside', ...all]);
  await there('address', 'add', '203.0.113.10/24', 'dev', 'out1');
  await there('link', 'set', 'out1', 'up');
  const resolv = join(host.dir, 'resolv.conf');
  writeFileSync(resolv, 'nameserver 203.0.113.10\n');
  await host.run('mount', ['--bind', resolv, '/etc/resolv.conf']);
  const names = ['name.example/203.0.113.20', 'evil.example/10.77.3.1', 'self.example/127.0.0.1'];
  const enter = ['nsenter', `--target=${host.pid}`, '--mount', '--net', '--'];
  const server = serve([
    ...[...enter, 'ip', 'netns', 'exec', 'outside', 'dnsmasq', '--keep-in-foreground'],
    ...['--conf-file=/dev/null', '--pid-file=', '--no-resolv', '--no-hosts', '--user=root'],
    ...['--bind-interfaces', '--listen-address=203.0.113.10', '--address=/#/'],
    ...names.map((each) => `--address=/${each}`),
  ]);
  return async () => {
    server.kill('SIGTERM');
    await once(server, 'exit');
    await host.run('umount', ['/etc/resolv.conf']);
    await host.run('ip', ['link', 'delete', 'out0']);
    await host.run('ip', ['netns', 'delete', 'outside']);
  };
}

/** Ends with this process at the latest, unless it changes its user (prctl(2), PR_SET_PDEATHSIG). */
const serve = (command: string[]): ChildProcess =>
  spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], { stdio: 'ignore' });

/** Milliseconds: many runs, on a busy machine. */
const LONG = 400_000;

it(
  'knows the containers of its bridge, and follows them without a restart',
  inPrivateHost(async (host) => {
    const close = await outside(host);
    const stack = new Stack(host, file(2));
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    const resolvers = () => stack.processes('names.resolver-back', 'names.resolver-open');
    const running = resolvers();
    const resolv = (name: string) => stack.done('exec', name, 'busybox', 'cat', '/etc/resolv.conf');
    expect(await resolv('asker')).toBe(`nameserver ${BACK}\n`);
    expect(await resolv('outer')).toBe(`nameserver ${OPEN}\n`);

    const back = (name: string, type?: string) => ask(stack, 'asker', name, BACK, type);
    for (const name of ['api', 'backend', 'backend.example.test', 'service.example']) {
      expect([name, await back(name)]).toEqual([name, '10.77.2.10']);
    }
    expect(await back('backend', 'aaaa')).toBe('no data');
    const replicas = await sorted(stack, 'asker', 'worker', BACK);
    expect(replicas).toHaveLength(2);
    const servers = await sorted(stack, 'asker', 'shop', BACK);
    expect(servers).toHaveLength(2);
    expect(servers).toEqual(await sorted(stack, 'asker', 'shop-server', BACK));
    // in turn
    const firsts = new Set<string | undefined>();
    for (let i = 0; i < 4; i += 1) firsts.add((await back('worker')).split(' ')[0]);
    expect([...firsts].sort()).toEqual(replicas);

    // what nobody has is answered at once; other bridges have names of their own
    expect(await back('nobody')).toBe('NXDOMAIN');
    expect(await back('outer')).toBe('NXDOMAIN');
    const outer = (name: string) => ask(stack, 'outer', name, OPEN);
    expect(await outer('outer')).toMatch(/^10\.77\.3\.\d+$/);
    expect(await outer('name.example')).toBe('203.0.113.20');
    for (const each of ['evil.example', 'self.example', 'api', 'nobody.example']) {
      expect([each, await outer(each)]).toEqual([each, 'NXDOMAIN']);
    }

    // an unhealthy replica is left out, and comes back
    await stack.done('exec', 'worker-1', 'busybox', 'touch', '/ill');
    await stack.apply();
    expect(await back('worker')).toBe(await back('worker-2'));
    expect(await back('worker-1')).toBe('NXDOMAIN');
    await stack.apply('--quiet');
    await stack.done('exec', 'worker-1', 'busybox', 'rm', '/ill');
    await stack.apply();
    expect(await sorted(stack, 'asker', 'worker', BACK)).toEqual(replicas);
    expect(await stack.plan()).toBe(NOTHING);

    stack.write(file(4));
    expect(headings(await stack.plan())).toEqual([
      'config.resolver-back will be updated in-place (text changed)',
      'container.worker-3 will be created (new)',
      'container.worker-4 will be created (new)',
    ]);
    await stack.apply();
    expect(await sorted(stack, 'asker', 'worker', BACK)).toHaveLength(4);
    await stack.done('scale', 'shop=3');
    expect(await sorted(stack, 'asker', 'shop', BACK)).toHaveLength(3);
    await stack.done('stop', 'worker-4');
    await stack.apply();
    expect(await sorted(stack, 'asker', 'worker', BACK)).toHaveLength(3);
    expect(resolvers()).toEqual(running);

    const status = readFileSync(`/proc/${stack.pids('names.resolver-back')[0]}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
    expect(status).toMatch(/^CapPrm:\t0+$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    await stack.destroy();
    await close();
  }),
  LONG,
);

it(
  'is healed, and is added to and taken from running containers',
  inPrivateHost(async (host) => {
    const close = await outside(host);
    const { farms: _farms, ...content } = file(1);
    const stack = new Stack(host, content);
    await stack.apply();
    const before = stack.processes('names.resolver-back');
    await stack.kill('names.resolver-back');
    await stack.apply('--lock-timeout', '2m');
    expect(stack.processes('names.resolver-back')).not.toEqual(before);
    await expect.poll(() => ask(stack, 'asker', 'api', BACK)).toBe('10.77.2.10');
    expect(await stack.plan()).toBe(NOTHING);

    const running = stack.processes('names.asker', 'names.outer');
    stack.write(JSON.stringify(content).replaceAll(',"dns":true', ''));
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    expect(stack.processes('names.asker', 'names.outer')).toEqual(running);
    const resolv = (name: string) => stack.done('exec', name, 'busybox', 'cat', '/etc/resolv.conf');
    expect([await resolv('asker'), await resolv('outer')]).toEqual(['', 'nameserver 192.0.2.3\n']);
    stack.write(content);
    await stack.apply();
    expect(stack.processes('names.asker', 'names.outer')).toEqual(running);
    expect(await resolv('asker')).toBe(`nameserver ${BACK}\n`);
    await stack.destroy();
    await close();
  }),
  LONG,
);

/** Many random names, packets that are no question, and connections that ask nothing, until it is killed. */
const FLOOD = `
use strict; use IO::Socket::INET;
my ($server) = @ARGV;
my @idle = map { IO::Socket::INET->new(PeerAddr => $server, PeerPort => 53, Timeout => 1) } 1 .. 40;
my $udp = IO::Socket::INET->new(PeerAddr => $server, PeerPort => 53, Proto => 'udp') or die;
$| = 1;
for (my $i = 1; ; $i += 1) {
  my $name = join '', map { chr(60) . join('', map { chr(97 + int rand 26) } 1 .. 60) } 1 .. 3;
  send $udp, pack('n6', $i & 65535, 256, 1, 0, 0, 0) . $name . "\\7example\\0\\0\\1\\0\\1", 0;
  send $udp, join('', map { chr int rand 256 } 1 .. 200) x 100, 0 if $i % 10 == 0;
  print "$i\n" if $i % 20000 == 0;
}`;

it(
  'answers others while a container floods it, within bounds',
  inPrivateHost(async (host) => {
    const close = await outside(host);
    const stack = new Stack(host, file(1, { flooder: { ...IDLE, bridges: ['back', 'open'] } }));
    await stack.apply();
    const running = stack.processes('names.resolver-back', 'names.resolver-open');
    const netns = netnsName(installPaths(host.root), 'names.flooder');
    for (const [asker, known, id, server] of [
      ['asker', 'shop', 'names.resolver-back', BACK],
      ['outer', 'outer', 'names.resolver-open', OPEN],
    ] as const) {
      const enter = ['nsenter', `--target=${host.pid}`, '--mount', '--net', '--'];
      const words = [...enter, 'ip', 'netns', 'exec', netns, 'perl', '-e', FLOOD, server];
      const flood = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...words]);
      await once(flood.stdout, 'data');
      for (let i = 0; i < 5; i += 1) {
        expect(await ask(stack, asker, known, server)).toMatch(/^10\.77\./);
      }
      await once(flood.stdout, 'data');
      flood.kill('SIGKILL');
      await once(flood, 'exit');
      const status = readFileSync(`/proc/${stack.pids(id)[0]}/status`, 'utf8');
      const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
      expect(peak).toBeGreaterThan(1000);
      expect(peak).toBeLessThan(16_384);
      expect(stack.pids(id).length).toBeLessThanOrEqual(21);
    }
    expect(stack.processes('names.resolver-back', 'names.resolver-open')).toEqual(running);
    await expect.poll(() => ask(stack, 'outer', 'name.example', OPEN)).toBe('203.0.113.20');
    await stack.destroy();
    await close();
  }),
  LONG,
);
