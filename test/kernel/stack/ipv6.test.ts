import { expect, it } from 'vitest';
import { installPaths, netnsName } from '../../../src/model/install-paths.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { headings, NOTHING, PAIR, SERVER, Stack } from './stack.js';

const NET = 'fd00:77:1::';

/** An address far behind a router. */
const FAR = '2001:db8:77::1';

/** Two servers on a bridge with both families; `c` is on one of IPv6 alone, without the host. */
const DUAL = {
  ...PAIR,
  bridges: {
    front: { ...PAIR.bridges.front, subnet6: 'FD00:77:1:0::/64' },
    back: { subnet6: 'auto' },
  },
  volumes: {},
  containers: {
    a: { ...SERVER, bridges: { front: { address6: 'fd00:77:1::0a' }, back: {} } },
    b: { ...SERVER, bridges: ['front'] },
    c: { ...SERVER, bridges: ['back'], healthcheck: { http: { port: 80, path: '/' } } },
  },
};

interface Shown {
  flags: string[];
  addr_info: { local: string; prefixlen: number; scope: string; tentative?: true }[];
}

/** Global IPv6 addresses of an interface, by the kernel. */
async function addresses(host: PrivateHost, device: string, netns?: string): Promise<string[]> {
  const where = netns === undefined ? [] : ['-netns', netns];
  const words = [...where, '-6', '-json', 'address', 'show', 'dev', device];
  const [shown] = JSON.parse((await host.run('ip', words)).stdout || '[]') as Shown[];
  const wide = (shown?.addr_info ?? []).filter(({ scope }) => scope === 'global');
  return wide.map((each) => `${each.local}/${each.prefixlen}${each.tentative ? ' tentative' : ''}`);
}

/** The interface of a bridge on the host. */
async function linkOf(stack: Stack, bridge: string): Promise<string> {
  const networks = JSON.parse(await stack.done('network', 'list', '--json'));
  const found = (networks as { name: string; link: string }[]).find(({ name }) => name === bridge);
  return found?.link ?? '';
}

it(
  'hosts and containers have addresses of both families, which are healed and go',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, DUAL);
    const paths = installPaths(host.root);
    const [a, b] = ['pair.a', 'pair.b'].map((id) => netnsName(paths, id)) as [string, string];
    const inside = (container: string, ...command: string[]) =>
      stack.done('exec', container, 'busybox', ...command);
    const sysctl = async (name: string, netns?: string) => {
      const enter = netns === undefined ? [] : ['ip', 'netns', 'exec', netns];
      const [program = '', ...words] = [...enter, 'cat', `/proc/sys/net/ipv6/conf/${name}`];
      return (await host.run(program, words)).stdout.trim();
    };
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    const [front, back] = [await linkOf(stack, 'front'), await linkOf(stack, 'back')];
    expect(await addresses(host, front)).toEqual([`${NET}1/64`]);
    expect(await addresses(host, 'eth0', a)).toEqual([`${NET}a/64`]);
    expect(await addresses(host, 'eth0', b)).toEqual([`${NET}2/64`]);
    expect(await addresses(host, 'eth1', a)).toHaveLength(1);
    // the host has no IPv6 on a bridge without an address for it
    expect(await sysctl(`${back}/disable_ipv6`)).toBe('1');
    for (const name of ['accept_ra', 'autoconf']) {
      expect(await sysctl(`${front}/${name}`)).toBe('0');
      expect(await sysctl(`eth0/${name}`, a)).toBe('0');
      expect(await sysctl(`eth1/${name}`, a)).toBe('0');
    }
    await stack.answers(`[${NET}a]`, ['a']);
    await stack.answers(`[${NET}2]`, ['b']);
    await stack.answers('10.77.1.2', ['a']);
    // by name: `c` has no IPv4 address, and neither has its health check
    expect(await inside('a', 'cat', '/etc/hosts')).toContain(`${NET}2 b\n`);
    expect(await inside('a', 'wget', '-qO-', 'http://c/')).toBe('c\n');
    await stack.apply();
    expect(await stack.done('ps')).toMatch(/^c .* healthy/m);
    const running = stack.processes('pair.a', 'pair.b');

    // on the host and inside, addresses and a default route are lost
    await host.run('ip', ['address', 'delete', `${NET}1/64`, 'dev', front]);
    await host.run('ip', ['-netns', a, 'address', 'delete', `${NET}a/64`, 'dev', 'eth0']);
    await host.run('ip', ['-netns', b, '-6', 'route', 'delete', 'default']);
    const lost = [
      `bridge.front will be updated in-place (address ${NET}1/64 is missing)`,
      `container.a will be updated in-place (address ${NET}a/64 is missing from eth0)`,
      `container.b will be updated in-place (default route via ${NET}1 is missing)`,
    ];
    expect(headings(await stack.plan())).toEqual(lost);
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    await stack.answers(`[${NET}a]`, ['a']);
    expect(stack.processes('pair.a', 'pair.b')).toEqual(running);

    // IPv6 is taken away from what runs, and given back
    stack.write({
      ...DUAL,
      bridges: { front: PAIR.bridges.front, back: { subnet: '10.77.2.0/24' } },
      containers: { ...DUAL.containers, a: { ...SERVER, bridges: ['front', 'back'] } },
    });
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    expect(await addresses(host, front)).toEqual([]);
    expect(await sysctl(`${front}/disable_ipv6`)).toBe('1');
    expect(await addresses(host, 'eth0', a)).toEqual([]);
    const routes = await host.run('ip', ['-netns', b, '-6', 'route', 'show', 'default']);
    expect(routes.stdout).toBe('');
    stack.write(DUAL);
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    await stack.answers(`[${NET}a]`, ['a']);
    expect(stack.processes('pair.a', 'pair.b')).toEqual(running);
    await stack.destroy();
  }),
);

/** Sends a router advertisement with a prefix to all nodes of a link (RFC 4861, 4.2 and 4.6.2). */
const ADVERTISE = `use strict; use Socket qw(:all);
my $index = 0 + shift; my $prefix = inet_pton(AF_INET6, '2001:db8:bad::');
socket my $s, AF_INET6, SOCK_RAW, 58 or die $!;
setsockopt $s, 41, 18, pack('i', 255) or die $!;
setsockopt $s, 41, 17, pack('i', $index) or die $!;
my $advertisement = pack('CCnCCnNN', 134, 0, 0, 64, 0, 1800, 0, 0)
  . pack('CCCCNNN', 3, 4, 64, 0xc0, 3600, 3600, 0) . $prefix;
send $s, $advertisement, 0, pack_sockaddr_in6(0, inet_pton(AF_INET6, 'ff02::1'), $index) or die $!;`;

it(
  'router advertisements of a container count neither for the host nor for its neighbors',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, DUAL);
    const paths = installPaths(host.root);
    const [a, b] = ['pair.a', 'pair.b'].map((id) => netnsName(paths, id)) as [string, string];
    await stack.apply();
    const front = await linkOf(stack, 'front');
    // one that is not ours believes them, which shows that they arrive
    await host.run('ip', ['netns', 'add', 'witness']);
    const peer = ['peer', 'name', 'eth0', 'netns', 'witness'];
    await host.run('ip', ['link', 'add', 'wit0', 'up', 'master', front, 'type', 'veth', ...peer]);
    await host.run('ip', ['-netns', 'witness', 'link', 'set', 'eth0', 'up']);
    const routes = async () => (await host.run('ip', ['-6', 'route', 'show'])).stdout;
    const before = await routes();
    const { stdout: found } = await host.run('ip', [
      ...['-netns', b, '-json', 'link', 'show', 'dev', 'eth0'],
    ]);
    const [{ ifindex }] = JSON.parse(found) as [{ ifindex: number }];
    const advertise = () =>
      host.run('ip', ['netns', 'exec', b, 'perl', '-e', ADVERTISE, '--', `${ifindex}`]);
    const believed = async () => {
      await advertise();
      return (await addresses(host, 'eth0', 'witness')).join();
    };
    await expect.poll(believed).toContain('2001:db8:bad:');
    expect(await addresses(host, front)).toEqual([`${NET}1/64`]);
    expect(await routes()).toBe(before);
    expect(await addresses(host, 'eth0', a)).toEqual([`${NET}a/64`]);
    const inside = await host.run('ip', ['-netns', a, '-6', 'route', 'show', 'default']);
    expect(inside.stdout.trim()).toMatch(new RegExp(`^default via ${NET}1 dev eth0 [^\\n]*$`));
    expect(await stack.plan()).toBe(NOTHING);
    await host.run('ip', ['link', 'delete', 'wit0']);
    await host.run('ip', ['netns', 'delete', 'witness']);
    await stack.destroy();
  }),
);

it(
  'a bridge on a network of other machines has their router, and a taken subnet is refused',
  inPrivateHost(async (host) => {
    await host.run('ip', ['netns', 'add', 'router']);
    const peer = ['peer', 'name', 'lan', 'netns', 'router'];
    await host.run('ip', ['link', 'add', 'eth1', 'type', 'veth', ...peer]);
    const there = (...all: string[]) => host.run('ip', ['-netns', 'router', ...all]);
    await there('address', 'add', 'fe80::9/64', 'dev', 'lan', 'nodad');
    await there('address', 'add', `${FAR}/128`, 'dev', 'lo', 'nodad');
    for (const each of ['lo', 'lan']) await there('link', 'set', each, 'up');
    await there('route', 'add', 'fd00:9::/64', 'dev', 'lan');
    const building = { uplink: 'eth1', subnet6: 'fd00:9::/64', gateway6: 'fe80::9' };
    const file = {
      name: 'lan',
      images: PAIR.images,
      bridges: { building },
      containers: { page: { ...SERVER, bridges: { building: { address6: 'fd00:9::20' } } } },
    };
    const stack = new Stack(host, file);
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    // over the router's link-local address, there and back
    const asked = ['netns', 'exec', 'router', 'curl', '-sS', '-m', '5', '--interface', FAR];
    const page = async () => (await host.run('ip', [...asked, 'http://[fd00:9::20]/'])).stdout;
    await expect.poll(() => page().catch(String)).toBe('page\n');

    // an interface of the host is in the subnet of another stack
    await host.run('ip', ['link', 'add', 'own0', 'type', 'bridge']);
    await host.run('ip', ['address', 'add', 'fd00:8::1/64', 'dev', 'own0', 'nodad']);
    const bridges = { net: { subnet6: 'fd00:8::/56' } };
    const other = new Stack(host, { name: 'two', bridges, containers: {} }, 'two.yaml');
    expect((await other.run('plan')).stderr).toMatch(
      /two\.yaml:\d+:\d+: subnet fd00:8::\/56 overlaps fd00:8::1\/64 of interface own0/,
    );
    await host.run('ip', ['link', 'delete', 'own0']);
    await stack.destroy();
    await host.run('ip', ['link', 'delete', 'eth1']);
    await host.run('ip', ['netns', 'delete', 'router']);
  }),
);
