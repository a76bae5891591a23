import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bridgeLink, installPaths } from '../../../src/model/install-paths.js';
import { inPrivateHost } from '../../support/private-host.js';
import { headings, NOTHING, PAIR, SERVER, Stack } from './stack.js';

const MiB = 2 ** 20;
const { a, b } = PAIR.containers;

/** The same stack with other keys in container `a`. */
const pairWith = (more: object, rest: object = {}) => ({
  ...PAIR,
  ...rest,
  containers: { a: { ...a, ...more }, b },
});

it(
  'raises and lowers the memory of a running container in one step',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    await stack.apply();
    const before = stack.processes('pair.a', 'pair.b');

    for (const [was, is] of [
      [64, 96],
      [96, 32],
    ] as const) {
      stack.write(pairWith({ limits: { memory: `${is}M` } }));
      expect(await stack.plan()).toBe(`baleine will perform the following actions:

  # container.a will be updated in-place (limits.memory ${was}M → ${is}M)
  ~ container.a
      ~ limits.memory: ${was}M → ${is}M

Plan: 0 to add, 1 to change, 0 to destroy.
`);
      expect(steps(await stack.apply('--json'))).toEqual(['container.a container.limits']);
      expect(stack.memory('pair.a').read()).toBe(is * MiB);
      expect(stack.memory('pair.b').read()).toBe(64 * MiB);
      expect(stack.processes('pair.a', 'pair.b')).toEqual(before);
      expect(await stack.plan()).toBe(NOTHING);
    }
    await stack.destroy();
  }),
);

it(
  'attaches a running container to another bridge, and detaches it',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    await stack.apply();
    const before = stack.processes('pair.a', 'pair.b');
    const back = { subnet: '10.77.2.0/24', host: '10.77.2.1' };
    const { front } = a.bridges;

    stack.write(
      pairWith(
        { bridges: { front, back: { address: '10.77.2.11' } } },
        { bridges: { ...PAIR.bridges, back } },
      ),
    );
    expect(headings(await stack.plan())).toEqual([
      'bridge.back will be created (new)',
      'container.a will be updated in-place (bridges.back added)',
    ]);
    await stack.apply();
    await stack.answers('10.77.2.11', ['a']);
    await stack.answers('10.77.1.11', ['a']);
    expect(await addressesInside(stack, 'pair.a')).toEqual({
      eth0: '10.77.1.11/24',
      eth1: '10.77.2.11/24',
    });
    expect(await portsOf(stack, 'back')).toBe(1);
    expect(stack.processes('pair.a', 'pair.b')).toEqual(before);

    stack.write(PAIR);
    expect(headings(await stack.plan())).toEqual([
      'container.a will be updated in-place (bridges.back removed)',
      'bridge.back will be destroyed (no longer in the file)',
    ]);
    await stack.apply();
    expect(await addressesInside(stack, 'pair.a')).toEqual({ eth0: '10.77.1.11/24' });
    expect(stack.processes('pair.a', 'pair.b')).toEqual(before);
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);

it(
  'moves a running container to another address',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    await stack.apply();
    const before = stack.processes('pair.a', 'pair.b');

    stack.write(pairWith({ bridges: { front: { address: '10.77.1.99' } } }));
    expect(headings(await stack.plan())).toEqual([
      expect.stringMatching(/^container\.a will be updated in-place \(bridges\.front /),
    ]);
    await stack.apply();
    await stack.answers('10.77.1.99', ['a']);
    expect(await addressesInside(stack, 'pair.a')).toEqual({ eth0: '10.77.1.99/24' });
    const hosts = await stack.done('exec', 'b', '--', 'busybox', 'cat', '/etc/hosts');
    expect(hosts).toMatch(/^10\.77\.1\.99\s+a$/m);
    expect(stack.processes('pair.a', 'pair.b')).toEqual(before);
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);

it(
  'replaces a container whose command was edited, with its disk, and no other',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    await stack.apply();
    await stack.done('exec', 'a', '--', 'busybox', 'touch', '/on-disk', '/data/on-volume');
    const before = stack.processes('pair.a', 'pair.b');

    stack.write(pairWith({ command: [...SERVER.command, 'edited'] }));
    const plan = await stack.plan();
    expect(headings(plan)).toEqual(['container.a must be replaced (command changed)']);
    expect(plan).toContain('\n-/+ container.a\n');
    await stack.apply();
    await stack.answers('10.77.1.11', ['a']);
    const after = stack.processes('pair.a', 'pair.b');
    expect(after['pair.a']).not.toBe(before['pair.a']);
    expect(after['pair.b']).toBe(before['pair.b']);
    expect((await stack.run('exec', 'a', '--', 'busybox', 'stat', '/on-disk')).code).toBe(1);
    await stack.done('exec', 'a', '--', 'busybox', 'stat', '/data/on-volume');
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);

it(
  'rebuilds an image when a source file was edited, and replaces its containers',
  inPrivateHost(async (host) => {
    const paths = join(host.dir, 'site');
    mkdirSync(paths);
    writeFileSync(join(paths, 'index.html'), 'first\n');
    const command = ['busybox', 'httpd', '-f', '-p', '80', '-h', '/www'];
    const page = { from: { image: 'box' }, copy: [{ from: './site', to: '/www' }], command };
    const stack = new Stack(host, {
      ...pairWith({ image: 'page', command: undefined }),
      images: { ...PAIR.images, page },
    });
    await stack.apply();
    await stack.answers('10.77.1.11', ['first']);
    const before = stack.processes('pair.b');

    writeFileSync(join(paths, 'index.html'), 'second\n');
    expect(headings(await stack.plan())).toEqual([
      'image.page will be updated in-place (content of its local files has changed)',
      'container.a must be replaced (image page has changed)',
    ]);
    await stack.apply();
    await stack.answers('10.77.1.11', ['second']);
    expect(stack.processes('pair.b')).toEqual(before);
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);

it(
  'removes what the file no longer declares, and nothing else',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    await stack.apply();
    const before = stack.processes('pair.a');

    stack.write({ ...PAIR, containers: { a } });
    expect(headings(await stack.plan())).toEqual([
      'container.b will be destroyed (no longer in the file)',
    ]);
    await stack.apply();
    expect(stack.pids('pair.b')).toEqual([]);
    expect(stack.groups('pair.b')).toEqual([]);
    expect(await portsOf(stack, 'front')).toBe(1);
    expect(stack.processes('pair.a')).toEqual(before);
    await stack.destroy();
  }),
);

/** The started steps, as `container.a container.limits`. */
function steps(json: string): string[] {
  const events = json
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return events
    .filter(({ type }) => type === 'step-started')
    .map(({ address, verb }) => `${address} ${verb}`);
}

interface Seen {
  ifname: string;
  addr_info: { family: string; local: string; prefixlen: number }[];
}

async function addressesInside(stack: Stack, id: string): Promise<Record<string, string>> {
  const [pid] = stack.pids(id);
  const words = [`--target=${pid}`, '--net', 'ip', '-json', '-4', 'address', 'show'];
  const seen: Seen[] = JSON.parse((await stack.host.run('nsenter', words)).stdout);
  const pairs = seen
    .filter(({ ifname }) => ifname !== 'lo')
    .map(({ ifname, addr_info }) => [
      ifname,
      addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`).join(' '),
    ]);
  return Object.fromEntries(pairs);
}

async function portsOf(stack: Stack, bridge: string): Promise<number> {
  const master = bridgeLink(installPaths(stack.host.root), 'pair', bridge);
  return (await stack.host.ip('link', 'show', 'master', master)).length;
}
