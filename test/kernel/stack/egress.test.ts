import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { installPaths, netnsName } from '../../../src/model/install-paths.js';
import { inPrivateHost, MAIN, type PrivateHost } from '../../support/private-host.js';
import { SMALL_IMAGE } from '../../support/small-image.js';
import { headings, NOTHING, Stack, type StackFile } from './stack.js';

const IDLE = { image: 'box', command: ['busybox', 'sleep', '1000'], stop_signal: 'SIGKILL' };

/** One container on a bridge with a way out, one that does not use it, and one on a bridge without. */
function words(egress: unknown, web: object = {}): StackFile {
  return {
    name: 'eg',
    images: { box: SMALL_IMAGE },
    bridges: {
      front: { subnet: '10.77.1.0/24', egress },
      back: { subnet: '10.77.2.0/24', host: '10.77.2.1' },
    },
    containers: {
      web: { ...IDLE, bridges: ['front'], ...web },
      shut: { ...IDLE, bridges: ['front'], egress: false },
      hidden: { ...IDLE, bridges: ['back'] },
    },
  };
}

const EGRESS = 'eg.egress-front';

/** Answers each TCP connection with a word and the client's address, each DNS query with 203.0.113.10. */
const SERVER = `
use strict; use IO::Socket::INET; use IO::Select;
my ($address, $word) = @ARGV;
my $tcp = IO::Socket::INET->new(LocalAddr => $address, LocalPort => 80, Listen => 16) or die;
my $udp = IO::Socket::INET->new(LocalAddr => $address, LocalPort => 53, Proto => 'udp') or die;
my $select = IO::Select->new($tcp, $udp);
$SIG{PIPE} = 'IGNORE';
while (1) {
  for my $ready ($select->can_read) {
    if ($ready == $tcp) {
      my $client = $tcp->accept or next;
      print $client "$word ", $client->peerhost, "\\n";
      close $client;
    } else {
      my $from = recv($udp, my $query, 2000, 0) or next;
      my ($id, $question) = (substr($query, 0, 2), substr($query, 12));
      $question =~ /^((?:[^\\0].*?)?\\0(..)..)/s or next;
      my ($asked, $a) = ($1, $2 eq "\\0\\1");
      my $answer = $a ? "\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\4\\0\\4\\xcb\\0\\x71\\x0a" : '';
      send $udp, $id . pack('n5', 0x8180, 1, $a ? 1 : 0, 0, 0) . $asked . $answer, 0, $from;
    }
  }
}`;

/** A network beyond the host, where servers are at these addresses, and one on each of the host's own. */
async function outside(host: PrivateHost, ...addresses: string[]): Promise<() => Promise<void>> {
  await host.run('ip', ['netns', 'add', 'outside']);
  const peer = ['peer', 'name', 'out1', 'netns', 'outside'];
  await host.run('ip', ['link', 'add', 'out0', 'type', 'veth', ...peer]);
  await host.run('ip', ['address', 'add', '203.0.113.1/24', 'dev', 'out0']);
  await host.run('ip', ['link', 'set', 'out0', 'up']);
  const there = (...all: string[]) => host.run('ip', ['-netns', 'outside', ...all]);
  for (const each of addresses) await there('address', 'add', `${each}/32`, 'dev', 'out1');
  await there('link', 'set', 'out1', 'up');
  await there('route', 'add', '203.0.113.1', 'dev', 'out1');
  await host.run('ip', ['route', 'add', '198.51.100.0/24', 'dev', 'out0']);
  // the host asks a name server on its loopback, as with systemd-resolved
  const resolv = join(host.dir, 'resolv.conf');
  writeFileSync(resolv, 'nameserver 127.0.0.53\n');
  await host.run('mount', ['--bind', resolv, '/etc/resolv.conf']);
  const enter = ['nsenter', `--target=${host.pid}`, '--mount', '--net', '--'];
  const beyond = [...enter, 'ip', 'netns', 'exec', 'outside'];
  const servers = [
    ...addresses.map((each) => serve([...beyond, 'perl', '-e', SERVER, each, 'outside'])),
    ...['0.0.0.0'].map((each) => serve([...enter, 'perl', '-e', SERVER, each, 'host'])),
  ];
  return async () => {
    for (const each of servers) {
      each.kill('SIGKILL');
      await once(each, 'exit');
    }
    await host.run('umount', ['/etc/resolv.conf']);
    await host.run('ip', ['link', 'delete', 'out0']);
    await host.run('ip', ['netns', 'delete', 'outside']);
  };
}

/** Ends with this process at the latest. */
const serve = (command: string[]): ChildProcess =>
  spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], { stdio: 'ignore' });

/** What a container hears from port 80 of an address: `outside 203.0.113.1`, or nothing. */
async function heard(stack: Stack, container: string, address: string): Promise<string> {
  const nc = ['busybox', 'nc', '-w', '2', address, '80'];
  const { stdout } = await stack.run('exec', container, ...nc);
  return stdout.trim();
}

const OUTSIDE = 'outside 203.0.113.1';
const reaches = (stack: Stack, container: string, address: string) =>
  expect.poll(() => heard(stack, container, address)).toBe(OUTSIDE);

/** Rules and settings of the host's network, but for those of links that come and go. */
async function filters(host: PrivateHost): Promise<string[]> {
  const print = async (program: string, ...args: string[]) =>
    (await host.run(program, args, { reject: false })).stdout.replace(/^#.*$/gm, '');
  const settings = await print('grep', '-rs', '', '/proc/sys/net');
  const lasting = settings.split('\n').filter((line) => !/\/(bb|bv)-|conntrack_count:/.test(line));
  return [await print('nft', 'list', 'ruleset'), await print('iptables-save'), ...lasting.sort()];
}

/** Milliseconds: many runs, on a busy machine. */
const LONG = 400_000;

it(
  'leads out of a bridge, and is switched on and off while containers run',
  inPrivateHost(async (host) => {
    const close = await outside(host, '203.0.113.10');
    // the host has addresses of the program's own network
    for (const each of ['192.0.2.2/24', '192.0.2.3/24']) {
      await host.run('ip', ['address', 'add', each, 'dev', 'out0']);
    }
    await host.run('sh', ['-c', 'echo 0 >/proc/sys/net/ipv4/ip_forward']);
    const before = await filters(host);
    const stack = new Stack(host, words(false));
    await stack.apply();
    expect(await heard(stack, 'web', '203.0.113.10')).toBe('');
    const running = stack.processes('eg.web', 'eg.shut', 'eg.hidden');

    stack.write(words(true));
    expect(headings(await stack.plan())).toEqual([
      'image.egress will be created (new)',
      'bridge.front will be updated in-place (egress (none) → true)',
      'container.egress-front will be created (new)',
      'container.web will be updated in-place (bridges.front eth0 10.77.1.1/24 → eth0 10.77.1.1/24 via 10.77.1.254, mtu 65520)',
      'container.shut will be updated in-place (bridges.front eth0 10.77.1.2/24 → eth0 10.77.1.2/24, mtu 65520)',
    ]);
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    expect(stack.processes('eg.web', 'eg.shut', 'eg.hidden')).toEqual(running);
    expect(await filters(host)).toEqual(before);
    const mtu = (name: string) =>
      stack.done('exec', name, 'busybox', 'cat', '/sys/class/net/eth0/mtu');
    expect([await mtu('web'), await mtu('shut'), await mtu('hidden')]).toEqual([
      ...['65520\n', '65520\n', '1500\n'],
    ]);

    await reaches(stack, 'web', '203.0.113.10');
    const lookup = (...server: string[]) =>
      stack.run('exec', 'web', 'busybox', 'nslookup', 'name.example', ...server);
    expect((await lookup()).stdout).toMatch(
      /Server:\s+192\.0\.2\.3[\s\S]*Address: 203\.0\.113\.10/,
    );
    expect((await lookup('203.0.113.10')).stdout).toMatch(/Address: 203\.0\.113\.10/);
    // the host: its loopback by the program's own address for it, its own address, another bridge
    for (const closed of ['192.0.2.2', '192.0.2.3', '203.0.113.1', '10.77.2.1']) {
      expect([closed, await heard(stack, 'web', closed)]).toEqual([closed, '']);
    }
    for (const each of ['shut', 'hidden']) {
      expect([each, await heard(stack, each, '203.0.113.10')]).toEqual([each, '']);
    }
    const status = readFileSync(`/proc/${stack.pids(EGRESS)[0]}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t2147352576\t2147352576\t2147352576\t2147352576$/m);
    expect(status).toMatch(/^CapPrm:\t0+$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);

    stack.write(words(true, { egress: false }));
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    expect(await heard(stack, 'web', '203.0.113.10')).toBe('');
    expect(await stack.done('exec', 'web', 'busybox', 'cat', '/etc/resolv.conf')).toBe('');
    stack.write(words(false));
    await stack.apply();
    expect([await mtu('web'), await mtu('shut')]).toEqual(['1500\n', '1500\n']);
    expect(stack.processes('eg.web', 'eg.shut', 'eg.hidden')).toEqual(running);
    await stack.destroy();
    expect(await filters(host)).toEqual(before);
    await close();
  }),
  LONG,
);

it(
  'is named and healed when it has drifted',
  inPrivateHost(async (host) => {
    const close = await outside(host, '203.0.113.10');
    const stack = new Stack(host, words(true));
    await stack.apply();
    await reaches(stack, 'web', '203.0.113.10');
    const netns = (id: string) => netnsName(installPaths(host.root), id);
    const inside = (id: string, ...all: string[]) => host.run('ip', ['-netns', netns(id), ...all]);
    const healed = async (reason: string) => {
      expect(headings(await stack.plan())).toEqual([expect.stringContaining(reason)]);
      await stack.apply();
      expect(await stack.plan()).toBe(NOTHING);
      await reaches(stack, 'web', '203.0.113.10');
    };
    await inside('eg.web', 'route', 'delete', 'default');
    await healed('default route via 10.77.1.254 is missing');
    await inside(EGRESS, 'route', 'delete', '10.77.2.0/24');
    await healed('its route to 10.77.2.0/24 is missing');
    await inside(EGRESS, 'link', 'delete', 'tap0');
    await healed('tap device tap0 is missing');
    await host.run('ip', ['address', 'add', '198.51.100.99/32', 'dev', 'lo']);
    await healed('its route to 198.51.100.99 is missing');
    await host.run('ip', ['address', 'delete', '198.51.100.99/32', 'dev', 'lo']);
    await stack.kill(EGRESS);
    await reaches(stack, 'web', '203.0.113.10');
    await stack.destroy();
    await close();
  }),
  LONG,
);

it(
  'opens what its rules allow, and is finished after an interrupted run',
  inPrivateHost(async (host) => {
    const all = ['203.0.113.10', '198.51.100.10', '198.51.100.20'];
    const close = await outside(host, ...all);
    const stack = new Stack(
      host,
      words({ deny: ['198.51.100.0/24'], allow: ['198.51.100.20/32'] }),
    );
    for (const seconds of ['0.7', '1.2', '2']) {
      const apply = [process.execPath, MAIN, '--root', host.root, '-f', stack.file, 'apply', '-y'];
      await host.run('timeout', ['-s', 'KILL', seconds, ...apply], { reject: false });
    }
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    const open = async () => {
      await reaches(stack, 'web', '198.51.100.20');
      const answers = await Promise.all(all.map((each) => heard(stack, 'web', each)));
      return all.filter((_, index) => answers[index] === OUTSIDE);
    };
    expect(await open()).toEqual(['203.0.113.10', '198.51.100.20']);
    const program = stack.processes(EGRESS);
    stack.write(words({ allow: ['198.51.100.20/32'] }));
    expect(headings(await stack.plan())).toContain(
      'container.egress-front will be updated in-place (egress changed)',
    );
    await stack.apply();
    expect(await open()).toEqual(['198.51.100.20']);
    expect(stack.processes(EGRESS)).toEqual(program);
    await stack.destroy();
    await close();
  }),
  LONG,
);

it(
  'a network made by a command has one, too, which heals, and goes with it',
  { timeout: LONG },
  inPrivateHost(async (host) => {
    const close = await outside(host, '203.0.113.10');
    const stack = new Stack(host);
    const create = ['network', 'create', 'front', '--subnet', '10.77.1.0/24'];
    const refused = async (...words: string[]) => (await stack.run(...words)).stderr;
    await stack.done('image', 'create', 'box', '--size', '16M', '--from-host', '/bin/busybox');
    const run = ['--start', '--image', 'box', '--bridge', 'front', '--', ...IDLE.command];
    await stack.done('image', 'create', 'egress', '--size', '16M', '--from-host', '/bin/busybox');
    expect(await refused(...create, '--egress')).toContain(
      'cannot create network front: its way out would be image egress, and there is one',
    );
    await stack.done('image', 'rm', 'egress');
    await stack.done(...create, '--egress');
    await stack.done('container', 'create', 'web', ...run);
    await expect.poll(() => heardIn(stack, 'web', '203.0.113.10')).toBe(OUTSIDE);
    expect(await heardIn(stack, 'web', '203.0.113.1')).toBe('');

    const way = '_.egress-front';
    process.kill(stack.pids(way)[0] as number, 'SIGKILL');
    await expect.poll(() => heardIn(stack, 'web', '203.0.113.10'), HEALED).toBe(OUTSIDE);

    for (const verb of [
      ['rm', '--force'],
      ['add', '--memory', '64M'],
    ]) {
      const [name = '', ...more] = verb;
      expect(await refused('container', name, 'egress-front', ...more)).toContain(
        'it is the way out of network front',
      );
    }
    expect(await refused('network', 'rm', 'front')).toContain('in use by container web\n');
    await stack.done('container', 'rm', '--force', 'web');
    expect(await stack.done('network', 'prune', '-y')).toContain('front');
    expect(stack.pids(way)).toEqual([]);
    expect(await stack.done('image', 'list')).not.toContain('egress');
    await stack.done('image', 'prune', '-y');
    await close();
  }),
);

const HEALED = { timeout: 30_000 };

async function heardIn(stack: Stack, container: string, address: string): Promise<string> {
  const nc = ['busybox', 'nc', '-w', '2', address, '80'];
  const { stdout } = await stack.run('container', 'exec', container, '--', ...nc);
  return stdout.trim();
}
