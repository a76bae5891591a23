import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linuxLinks } from '../../../src/host/linux/network/index.js';
import { readLinks } from '../../../src/host/linux/network/observe-links.js';
import type { Wiring } from '../../../src/host/ports.js';
import {
  bridgeLink,
  installPaths,
  linkAlias,
  netnsName,
  vethLink,
} from '../../../src/model/install-paths.js';
import type { LinkSpec } from '../../../src/model/specs.js';

const paths = installPaths('/nonexistent/links-test');
const links = linuxLinks(paths);
const [front, back] = [bridgeLink(paths, 'test', 'front'), bridgeLink(paths, 'test', 'back')];
const alias = (name: string) => linkAlias(paths, 's', name);

const ip = async (...args: string[]) => (await execa('ip', args)).stdout;
const inside = (netns: string, ...args: string[]) => ip('-netns', netns, ...args);
const seen = (name: string) => readLinks().find((link) => link.name === name);

const ensureFront = () =>
  links.ensureBridge({ link: front, alias: alias('bridge.front'), address: '10.77.1.1/24' });
const ensureBack = () => links.ensureBridge({ link: back, alias: alias('bridge.back') });

function linkSpec(id: string, bridge: 'front' | 'back', device: string, host: number): LinkSpec {
  const net = bridge === 'front' ? 1 : 2;
  return {
    bridge,
    bridge_link: bridgeLink(paths, 'test', bridge),
    link: vethLink(paths, id, bridge),
    alias: alias(`container.${id}`),
    device,
    address: `10.77.${net}.${host}/24`,
    ...(bridge === 'front' && { gateway: '10.77.1.1' }),
  };
}

function wiring(id: string, host: number, bridges: ('front' | 'back')[] = ['front']): Wiring {
  return {
    netns: netnsName(paths, `s.${id}`),
    links: bridges.map((bridge, index) => linkSpec(id, bridge, `eth${index}`, host)),
  };
}

const hostEnds = (wirings: Wiring[]) => wirings.flatMap((each) => each.links.map((l) => l.link));

const useIpv6 = (link: string, disabled: '0' | '1') =>
  writeFileSync(`/proc/sys/net/ipv6/conf/${link}/disable_ipv6`, disabled);

/** The link-local address; empty until it is usable. */
async function linkLocal(netns: string): Promise<string> {
  const words = ['-json', '-6', 'address', 'show', 'dev', 'eth0', '-tentative'];
  const [found] = JSON.parse(await inside(netns, ...words)) as {
    addr_info?: { local: string }[];
  }[];
  return found?.addr_info?.[0]?.local ?? '';
}

/** Removes everything that these tests create: leftovers of one test would fail the next. */
async function clear(): Promise<void> {
  const ours = readLinks().filter(({ name }) => name !== 'lo');
  await links.unwire(ours.map(({ name }) => name));
  const names = (await ip('netns', 'list')).split('\n').map((line) => line.split(' ')[0] ?? '');
  await links.removeNetns(names.filter(Boolean));
}

beforeEach(async () => {
  expect(readLinks().map(({ name }) => name)).toEqual(['lo']);
});
afterEach(async () => {
  await clear();
  expect(readLinks().map(({ name }) => name)).toEqual(['lo']);
  expect(await ip('netns', 'list')).toBe('');
});

describe('a bridge', () => {
  it('is created completely, and not touched if correct', async () => {
    await ensureFront();
    const made = seen(front);
    expect(made).toMatchObject({
      kind: 'bridge',
      up: true,
      alias: alias('bridge.front'),
      addresses: ['10.77.1.1/24'],
    });
    const options = JSON.parse(await ip('-json', '-details', 'link', 'show', front))[0].linkinfo;
    expect(options.info_data).toMatchObject({ stp_state: 0, forward_delay: 0, mcast_snooping: 0 });
    const counted = await countingIp(ensureFront);
    expect(counted.started.filter((args) => args.includes('-batch'))).toEqual([]);
    expect(seen(front)).toEqual(made);
  });

  it('is repaired where it differs', async () => {
    await ensureFront();
    await ip('link', 'set', 'dev', front, 'down', 'alias', '');
    await ip('address', 'replace', '10.77.9.1/24', 'dev', front);
    await ip('address', 'delete', '10.77.1.1/24', 'dev', front);
    const { index } = seen(front) ?? {};
    await ensureFront();
    expect(seen(front)).toMatchObject({
      index,
      up: true,
      alias: alias('bridge.front'),
      addresses: ['10.77.1.1/24'],
    });
  });

  it('keeps its hardware address when ports are added', async () => {
    await ensureFront();
    const { mac } = seen(front) ?? {};
    expect(await links.wire([wiring('a', 2)])).toEqual([undefined]);
    expect(seen(front)?.mac).toBe(mac);
  });

  it('gives no IPv6 access to the host, which accepts no router advertisements there', async () => {
    await ensureBack();
    await links.wire([wiring('a', 2, ['back'])]);
    // this bridge would have an address by now
    await expect.poll(() => linkLocal(wiring('a', 2).netns)).toMatch(/^fe80::/);
    expect(await ip('-6', 'address', 'show', 'dev', back)).toBe('');

    await useIpv6(back, '0');
    await expect.poll(() => seen(back)?.ipv6).toBe('link');
    await ensureBack();
    expect(seen(back)?.ipv6).toBeUndefined();
  });

  it('keeps an IPv6 address that was assigned to it or to its uplink', async () => {
    await ensureBack();
    await useIpv6(back, '0');
    await ip('address', 'add', 'fd00:1::1/64', 'dev', back);
    await ensureBack();
    expect(seen(back)?.ipv6).toBe('global');

    await ip('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1');
    await ip('link', 'set', 'up1', 'up');
    await links.ensureBridge({ link: front, alias: alias('bridge.front'), uplink: 'up0' });
    await expect.poll(() => seen(front)?.ipv6).toBe('link');
  });

  it('of someone else is refused and not touched', async () => {
    await ip('link', 'add', front, 'type', 'bridge');
    await ip('link', 'set', 'dev', front, 'alias', 'somebody');
    await expect(ensureFront()).rejects.toThrow('it exists and belongs to somebody');
    expect(seen(front)).toMatchObject({ up: false, addresses: [] });
    await ip('link', 'delete', front);
    await ip('link', 'add', front, 'type', 'veth', 'peer', 'name', 'peer0');
    await expect(ensureFront()).rejects.toThrow('no bridge');
  });

  it('takes an uplink and releases it', async () => {
    await ip('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1');
    const wanted = { link: back, alias: alias('bridge.back') };
    await links.ensureBridge({ ...wanted, uplink: 'up0' });
    expect(seen('up0')).toMatchObject({ master: back, up: true });
    await links.ensureBridge({ ...wanted, uplink: 'up1', release: 'up0' });
    expect([seen('up0')?.master, seen('up1')?.master]).toEqual([undefined, back]);
    await links.removeLink(back);
    expect(seen('up1')).toBeDefined();
    expect(seen('up1')?.master).toBeUndefined();
  });

  it('without the uplink it needs, or with one of another bridge, is an error', async () => {
    await ip('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1');
    await ip('link', 'add', 'other', 'type', 'bridge');
    await ip('link', 'set', 'up0', 'master', 'other');
    const wanted = { link: back, alias: alias('bridge.back') };
    await expect(links.ensureBridge({ ...wanted, uplink: 'eth7' })).rejects.toThrow(
      'the host has no interface eth7',
    );
    await expect(links.ensureBridge({ ...wanted, uplink: 'up0' })).rejects.toThrow(
      'up0 belongs to other',
    );
    expect(seen(back)).toBeUndefined();
  });

  it.each(['a b', 'a\nlink del lo', 'v%d', 'a#b', '-x'])(
    'never passes the name %j to ip',
    async (word) => {
      await expect(links.ensureBridge({ link: word, alias: 'x' })).rejects.toThrow('no plain word');
    },
  );

  it('that is absent counts as removed', async () => {
    await links.removeLink(front);
  });
});

describe('wiring', () => {
  beforeEach(async () => {
    await ensureFront();
    await ensureBack();
  });

  it('connects containers to the host and keeps correct links', async () => {
    const wirings = [wiring('a', 2, ['front', 'back']), wiring('b', 3), wiring('c', 4, [])];
    expect(await links.wire(wirings)).toEqual([undefined, undefined, undefined]);
    expect(await answer(wirings[0]?.netns ?? '', '10.77.1.1')).toBe('hello 10.77.1.2');
    expect(await answer(wirings[1]?.netns ?? '', '10.77.1.1')).toBe('hello 10.77.1.3');
    const before = [await state(wirings), readLinks().map(({ index }) => index)];
    expect(await links.wire(wirings)).toEqual([undefined, undefined, undefined]);
    expect([await state(wirings), readLinks().map(({ index }) => index)]).toEqual(before);
  });

  it('takes the same number of processes for many as for few', async () => {
    const few = await countingIp(() => links.wire([2, 3].map((n) => wiring(`f${n}`, n))));
    const many = [4, 5, 6, 7, 8, 9, 10, 11].map((n) => wiring(`m${n}`, n, ['front', 'back']));
    const more = await countingIp(() => links.wire(many));
    expect(few.result).toEqual([undefined, undefined]);
    expect(more.result).toEqual(many.map(() => undefined));
    expect(more.started.length).toBe(few.started.length);
    const removal = await countingIp(async () => {
      await links.unwire(hostEnds(many));
      await links.removeNetns(many.map(({ netns }) => netns));
    });
    expect(removal.started.length).toBe(4);
  });

  it('adds a bridge to a container and leaves its other link alone', async () => {
    await links.wire([wiring('a', 2)]);
    const before = seen(vethLink(paths, 'a', 'front'));
    expect(await links.wire([wiring('a', 2, ['front', 'back'])])).toEqual([undefined]);
    expect(seen(vethLink(paths, 'a', 'front'))).toEqual(before);
    expect(seen(vethLink(paths, 'a', 'back'))?.master).toBe(back);
  });

  const a = wiring('a', 2);
  const veth = vethLink(paths, 'a', 'front');
  const damages: [string, () => Promise<unknown>][] = [
    ['a removed veth', () => ip('link', 'delete', veth)],
    ['a veth on another bridge', () => ip('link', 'set', veth, 'master', back)],
    ['a veth that is down', () => ip('link', 'set', veth, 'down')],
    ['a lost alias', () => ip('link', 'set', veth, 'alias', 'x')],
    ['another address inside', () => replaceAddress(a.netns)],
    ['a device of another name', () => renameInside(a.netns)],
    ['a lost route', () => inside(a.netns, 'route', 'delete', 'default')],
    ['loopback down', () => inside(a.netns, 'link', 'set', 'lo', 'down')],
    ['a removed bridge', () => ip('link', 'delete', front).then(ensureFront)],
    ['a lost network namespace', () => ip('netns', 'delete', a.netns)],
    ['a name without namespace', () => brokenName(a.netns)],
    ['a peer that never left the host', () => peerOnHost(veth, a.netns)],
  ];
  it.each(damages)('repairs %s', async (_name, damage) => {
    const other = wiring('b', 3);
    expect(await links.wire([a, other])).toEqual([undefined, undefined]);
    const before = [await state([other]), seen(vethLink(paths, 'b', 'front'))?.index];
    const right = await state([a]);
    await damage();
    expect(await links.wire([a, other])).toEqual([undefined, undefined]);
    expect(await state([a])).toEqual(right);
    expect([await state([other]), seen(vethLink(paths, 'b', 'front'))?.index]).toEqual(before);
    expect(await answer(a.netns, '10.77.1.1')).toBe('hello 10.77.1.2');
  });

  it('reports why one failed, and wires the others', async () => {
    const lost = wiring('lost', 3);
    for (const link of lost.links) link.bridge_link = 'bb-none';
    // ip cannot parse this and skips all lines after it
    const odd = wiring('odd', 4);
    for (const link of odd.links) link.mac = 'zz';
    const results = await links.wire([odd, lost, wiring('fine', 5)]);
    expect(results.map((each) => each?.message)).toEqual([
      expect.stringMatching(/^cannot wire .*s\.odd: .*zz/),
      expect.stringMatching(
        /^cannot wire .*s\.lost: veth bv-\w+ is missing; .*bb-none.*does not exist/,
      ),
      undefined,
    ]);
    expect(await answer(netnsName(paths, 's.fine'), '10.77.1.1')).toBe('hello 10.77.1.5');
  });

  it('removes host ends and namespaces, repeatedly without an error, and none of others', async () => {
    const wirings = [wiring('a', 2), wiring('b', 3)];
    await links.wire(wirings);
    const names = wirings.map(({ netns }) => netns);
    for (let time = 0; time < 2; time++) {
      await links.unwire(hostEnds(wirings));
      await links.removeNetns(names);
    }
    expect(await ip('netns', 'list')).toBe('');
    await brokenName(names[0] ?? '');
    await links.removeNetns(names);
    expect(await ip('netns', 'list')).toBe('');
    await expect(links.removeNetns(['somebody'])).rejects.toThrow('not ours');
    await expect(links.wire([{ netns: 'somebody', links: [] }])).rejects.toThrow('not ours');
  });
});

/** Devices, addresses and routes of containers, without indexes, which change. */
async function state(wirings: Wiring[]): Promise<unknown[]> {
  return Promise.all(
    wirings.map(async ({ netns }) => {
      const shown = JSON.parse(await inside(netns, '-json', 'address', 'show', 'up'));
      const routes = JSON.parse(await inside(netns, '-json', 'route', 'show'));
      const devices = shown.map((link: { ifname: string; address: string; addr_info: [] }) => [
        link.ifname,
        link.address,
        link.addr_info.filter(({ family }) => family === 'inet').map(({ local }) => local),
      ]);
      return [devices, routes.map((each: { dst: string; dev: string }) => [each.dst, each.dev])];
    }),
  );
}

async function replaceAddress(netns: string): Promise<void> {
  await inside(netns, 'address', 'add', '10.77.1.99/24', 'dev', 'eth0');
  await inside(netns, 'address', 'delete', '10.77.1.2/24', 'dev', 'eth0');
}

async function renameInside(netns: string): Promise<void> {
  await inside(netns, 'link', 'set', 'eth0', 'down');
  await inside(netns, 'link', 'set', 'eth0', 'name', 'eth7');
}

/** Creates the name's file without a mount, as after a crash of ip between the two steps. */
async function brokenName(netns: string): Promise<void> {
  await ip('netns', 'delete', netns).catch(() => undefined);
  writeFileSync(`/run/netns/${netns}`, '');
}

async function peerOnHost(veth: string, netns: string): Promise<void> {
  await inside(netns, 'link', 'set', 'eth0', 'netns', '1').catch(() => undefined);
  await ip('link', 'delete', veth).catch(() => undefined);
  await ip('link', 'add', veth, 'type', 'veth', 'peer', 'name', 'eth0');
}

/** The greeting of a server on the host to a client in the namespace. */
async function answer(netns: string, address: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(`hello ${socket.remoteAddress}`);
  });
  await new Promise<void>((done) => server.listen(0, address, done));
  const { port } = server.address() as { port: number };
  const client = `const s = require('net').connect(${port}, '${address}'); s.setTimeout(3000, () => process.exit(1)); s.pipe(process.stdout)`;
  try {
    const args = ['netns', 'exec', netns, process.execPath, '-e', client];
    return (await execa('ip', args)).stdout;
  } finally {
    await new Promise((done) => server.close(done));
  }
}

/** Runs `body` with a wrapper of `ip` that logs its calls, and returns those of this process. */
async function countingIp<T>(body: () => Promise<T>): Promise<{ result: T; started: string[] }> {
  const dir = mkdtempSync(join(tmpdir(), 'ip-'));
  const real = (await execa('sh', ['-c', 'command -v ip'])).stdout;
  const log = join(dir, 'log');
  const path = process.env.PATH;
  writeFileSync(join(dir, 'ip'), `#!/bin/sh\necho "$PPID $*" >> ${log}\nexec ${real} "$@"\n`);
  chmodSync(join(dir, 'ip'), 0o755);
  writeFileSync(log, '');
  process.env.PATH = `${dir}:${path}`;
  try {
    const result = await body();
    const started = readFileSync(log, 'utf8').split('\n');
    return { result, started: started.filter((line) => line.startsWith(`${process.pid} `)) };
  } finally {
    process.env.PATH = path;
    rmSync(dir, { recursive: true });
  }
}
