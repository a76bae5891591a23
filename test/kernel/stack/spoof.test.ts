import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bridgeLink, installPaths, netnsName } from '../../../src/model/install-paths.js';
import { type PrivateHost, privateHost } from '../../support/private-host.js';
import { IDLE } from '../../support/small-image.js';
import { headings, NOTHING, Stack, type StackFile } from './stack.js';

const SOURCE = fileURLToPath(new URL('frames.c', import.meta.url));

const HOST = '10.78.1.1';
const ADDRESS = { victim: '10.78.1.2', owner: '10.78.1.3', liar: '10.78.1.4' } as const;
type Name = keyof typeof ADDRESS;

const NOBODY = '02000000beef';
const EVERYBODY = 'ffffffffffff';

/** A victim, the owner of an address that is claimed, and a container that can forge frames. */
function words(bridge: object = {}, liar: object = {}): StackFile {
  const member = (name: Name, more: object = {}) => ({
    image: 'box',
    command: IDLE,
    ...more,
    bridges: { net: { address: ADDRESS[name], ...(name === 'liar' && liar) } },
  });
  return {
    name: 'sp',
    images: {
      box: {
        size: '16M',
        from: { host: { binaries: ['/bin/busybox'] } },
        copy: [{ from: './skeleton', to: '/' }],
      },
    },
    bridges: { net: { subnet: '10.78.1.0/24', host: HOST, ...bridge } },
    containers: {
      victim: member('victim'),
      owner: member('owner'),
      liar: member('liar', { cap_add: ['NET_RAW', 'NET_ADMIN'] }),
    },
  };
}

let host: PrivateHost;
let stack: Stack;
const mac = {} as Record<Name | 'host', string>;

beforeAll(async () => {
  host = await privateHost();
  mkdirSync(join(host.dir, 'skeleton'));
  const program = join(host.dir, 'skeleton', 'frames');
  await execa('gcc', ['-O1', '-static', '-Wall', '-o', program, SOURCE]);
  before = await untouched();
  stack = new Stack(host, words());
  await stack.apply();
  for (const name of ['victim', 'owner', 'liar'] as const) {
    const text = await inside(name, 'cat', '/sys/class/net/eth0/address');
    mac[name] = text.trim().replaceAll(':', '');
  }
  const [bridge] = await host.ip<{ address: string }>('link', 'show', 'type', 'bridge');
  mac.host = bridge?.address.replaceAll(':', '') ?? '';
});

afterAll(async () => {
  await stack.destroy();
  expect(await host.close()).toEqual([]);
});

const paths = () => installPaths(host.root);
const netns = (name: Name) => netnsName(paths(), `sp.${name}`);
const bridge = () => bridgeLink(paths(), 'sp', 'net');

async function inside(name: Name, ...command: string[]): Promise<string> {
  return (await host.run('ip', ['netns', 'exec', netns(name), ...command])).stdout;
}

/** Sends frames from within a container, with the capabilities that it has. */
const send = (name: Name, ...frames: string[]) =>
  stack.done('exec', name, '--', '/frames', 'send', 'eth0', ...frames);

/** What arrives at a container of what `act` sends, up to the frame that ends it. */
async function arriving(at: Name, type: string, act: () => Promise<unknown>): Promise<string[]> {
  const enter = ['nsenter', `--target=${host.pid}`, '--mount', '--net', '--'];
  const listen = [join(host.dir, 'skeleton', 'frames'), 'listen', 'eth0', type];
  const program = [...enter, 'ip', 'netns', 'exec', netns(at), ...listen] as [string];
  const child = spawn(program[0], program.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  const seen: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => seen.push(line));
  try {
    await once(lines, 'line');
    const ended = once(lines, 'close');
    await act();
    await ended;
  } finally {
    child.kill('SIGKILL');
  }
  return seen.slice(1);
}

/** An EtherType for experiments (IEEE 802). */
const TYPE = '88b5';
const frame = (to: string, from: string, payload: string, type = TYPE) =>
  `${to}${from}${type}${payload.padEnd(92, '0')}`;
const END = 'ff';
/** ETH_P_ALL of linux/if_ether.h. */
const EVERY_TYPE = '3';

const hex = (address: string) =>
  address
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('');

/** RFC 826: that an address has a MAC address, towards another. */
function claim(
  operation: 'request' | 'reply',
  address: string,
  { to, about }: { to: string; about: string },
): string {
  const code = operation === 'request' ? '0001' : '0002';
  const target = operation === 'request' ? '000000000000' : to;
  const body = `000108000604${code}${mac.liar}${hex(address)}${target}${hex(about)}`;
  return frame(to, mac.liar, body, '0806');
}

/** All ways to claim an address towards one listener: solicited, asking, and gratuitous. */
const claims = (address: string, to: string, own: string) => [
  claim('reply', address, { to, about: own }),
  claim('request', address, { to, about: own }),
  claim('request', address, { to: EVERYBODY, about: address }),
  claim('reply', address, { to: EVERYBODY, about: address }),
];

/** RFC 791 and 768, without content: the header has a checksum, the rest none. */
function udp(from: string, to: string, port: number): string {
  const header = (sum: string) => `4500001c000000004011${sum}${hex(from)}${hex(to)}`;
  const parts = header('0000').match(/..../g) ?? [];
  let sum = parts.reduce((all, part) => all + Number.parseInt(part, 16), 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  const ports = `0043${port.toString(16).padStart(4, '0')}`;
  return `${header((sum ^ 0xffff).toString(16).padStart(4, '0'))}${ports}00080000`;
}

type Neighbor = { dst: string; lladdr?: string; state: string[] };

async function neighborsOf(name: Name | 'host'): Promise<Record<string, string>> {
  const text =
    name === 'host'
      ? (await host.run('ip', ['-json', '-4', 'neighbor', 'show', 'dev', bridge()])).stdout
      : await inside(name, 'ip', '-json', '-4', 'neighbor', 'show');
  const all = JSON.parse(text || '[]') as Neighbor[];
  return Object.fromEntries(
    all.map(({ dst, lladdr = '', state }) => [dst, `${lladdr.replaceAll(':', '')} ${state}`]),
  );
}

async function reaches(from: Name, to: string): Promise<boolean> {
  const ping = ['busybox', 'ping', '-c', '1', '-W', '5', to];
  return inside(from, ...ping).then(
    () => true,
    () => false,
  );
}

/** The packet filter and the kernel parameters of the host, without those of single devices. */
async function untouched(): Promise<unknown> {
  const rules = await host.run('nft', ['list', 'ruleset']);
  const found = await host.run('find', ['/proc/sys/net', '-type', 'f', '-perm', '/400']);
  const files = found.stdout.split('\n').filter((each) => each && !/\/(conf|neigh)\//.test(each));
  const defaults = found.stdout.split('\n').filter((each) => /\/(all|default)\//.test(each));
  const read = await host.run('grep', ['-s', '', '--', ...files, ...defaults], { reject: false });
  const varying = /(nf_conntrack_count|inode_|route\/flush|stable_secret)/;
  return [rules.stdout, read.stdout.split('\n').filter((line) => !varying.test(line))];
}

let before: unknown;

interface Port {
  ifalias?: string;
  linkinfo?: { info_slave_data?: { learning: boolean; locked: boolean; isolated: boolean } };
}

async function portOf(name: Name): Promise<string> {
  const all = await host.ip<Port & { ifname: string }>('-details', 'link', 'show');
  return all.find(({ ifalias }) => ifalias?.includes(`container.${name}/`))?.ifname ?? '';
}

async function optionsOf(name: Name) {
  const port = await portOf(name);
  const [link] = await host.ip<Port>('-details', 'link', 'show', 'dev', port);
  const { learning, locked, isolated } = link?.linkinfo?.info_slave_data ?? {};
  return { learning, locked, isolated };
}

const set = (name: Name, ...options: string[]) =>
  portOf(name).then((port) => host.run('bridge', ['link', 'set', 'dev', port, ...options]));

describe('a container with NET_RAW and NET_ADMIN', () => {
  it('cannot send from a MAC address that is not its own', async () => {
    const seen = await arriving('victim', TYPE, () =>
      send(
        'liar',
        frame(mac.victim, NOBODY, '01'),
        frame(mac.victim, mac.owner, '02'),
        frame(mac.victim, mac.host, '03'),
        frame(EVERYBODY, mac.owner, '04'),
        frame(mac.victim, mac.liar, END),
      ),
    );
    expect(seen).toEqual([frame(mac.victim, mac.liar, END)]);
  });

  it('cannot draw the frames for another to its port', async () => {
    await send('liar', frame(mac.victim, mac.owner, '02'), frame(EVERYBODY, mac.owner, '02'));
    expect(await reaches('victim', ADDRESS.owner)).toBe(true);
    const sent = frame(mac.owner, mac.victim, END);
    const seen = await arriving('owner', TYPE, () =>
      inside('victim', join(host.dir, 'skeleton', 'frames'), 'send', 'eth0', sent),
    );
    expect(seen).toEqual([sent]);
  });

  it('cannot claim the address of another towards the host', async () => {
    await send('liar', ...claims(ADDRESS.owner, mac.host, HOST));
    expect(await neighborsOf('host')).toEqual({
      [ADDRESS.victim]: `${mac.victim} PERMANENT`,
      [ADDRESS.owner]: `${mac.owner} PERMANENT`,
      [ADDRESS.liar]: `${mac.liar} PERMANENT`,
    });
  });

  it('cannot claim the address of another, or of the host, towards a container', async () => {
    await arriving('victim', TYPE, () =>
      send(
        'liar',
        ...claims(ADDRESS.owner, mac.victim, ADDRESS.victim),
        ...claims(HOST, mac.victim, ADDRESS.victim),
        frame(mac.victim, mac.liar, END),
      ),
    );
    expect(await neighborsOf('victim')).toEqual({
      [HOST]: `${mac.host} PERMANENT`,
      [ADDRESS.owner]: `${mac.owner} PERMANENT`,
      [ADDRESS.liar]: `${mac.liar} PERMANENT`,
    });
    expect(await reaches('victim', ADDRESS.owner)).toBe(true);
  });

  // neither options of a port nor entries of tables look into packets
  it('can send from the IP address of another, and what a DHCP server or a router sends', async () => {
    const { liar, victim } = mac;
    const spoofed = udp(ADDRESS.owner, ADDRESS.victim, 9);
    const offer = udp(ADDRESS.liar, '255.255.255.255', 68);
    const advertisement = `6000000000063afffe80${'00'.repeat(13)}01ff02${'00'.repeat(13)}01860000000000`;
    const sent = [
      `${victim}${liar}0800${spoofed}`,
      `${EVERYBODY}${liar}0800${offer}`,
      `333300000001${liar}86dd${advertisement}`,
    ];
    const end = frame(victim, liar, END);
    const seen = await arriving('victim', EVERY_TYPE, () => send('liar', ...sent, end));
    expect(seen).toEqual(expect.arrayContaining(sent));
  });

  it('is held by no packet filter and no kernel parameter', async () => {
    expect(await untouched()).toEqual(before);
    expect((await host.run('nft', ['list', 'ruleset'])).stdout).toBe('');
  });
});

describe('the ports of a bridge', () => {
  it('are put back after drift, without a restart', async () => {
    const ids = ['sp.victim', 'sp.owner', 'sp.liar'];
    const running = stack.processes(...ids);
    const port = await portOf('owner');
    const address = mac.owner.replace(/..(?!$)/g, '$&:');
    const drifts: [() => Promise<unknown>, string][] = [
      [() => set('owner', 'learning', 'on'), 'port of bridge net accepts any MAC address'],
      [() => set('owner', 'locked', 'off'), 'port of bridge net accepts any MAC address'],
      [() => set('owner', 'isolated', 'on'), 'port of bridge net is closed to other containers'],
      [
        () => host.run('bridge', ['fdb', 'delete', address, 'dev', port, 'master']),
        'port of bridge net does not know its MAC address',
      ],
      [
        () => host.run('ip', ['neighbor', 'delete', ADDRESS.owner, 'dev', bridge()]),
        `port of bridge net lets another claim ${ADDRESS.owner} towards the host`,
      ],
      [
        () => inside('owner', 'ip', 'neighbor', 'delete', ADDRESS.victim, 'dev', 'eth0'),
        `${ADDRESS.victim} is not fixed in it any more`,
      ],
    ];
    for (const [drift, reason] of drifts) {
      await drift();
      expect(headings(await stack.plan())).toEqual([
        `container.owner will be updated in-place (${reason})`,
      ]);
      await stack.apply();
      expect(await stack.plan()).toBe(NOTHING);
    }
    expect(stack.processes(...ids)).toEqual(running);
    expect(await optionsOf('owner')).toEqual({ learning: false, locked: true, isolated: false });
  });

  it('secure a running stack of a version without them', async () => {
    const running = stack.processes('sp.victim', 'sp.liar');
    for (const name of ['victim', 'owner', 'liar'] as const) {
      await set(name, 'locked', 'off', 'learning', 'on');
      await host.run('bridge', ['fdb', 'flush', 'dev', await portOf(name)], { reject: false });
    }
    await host.run('ip', ['neighbor', 'flush', 'dev', bridge(), 'nud', 'permanent']);
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    expect(await optionsOf('liar')).toEqual({ learning: false, locked: true, isolated: false });
    expect(stack.processes('sp.victim', 'sp.liar')).toEqual(running);
    expect(await reaches('victim', ADDRESS.owner)).toBe(true);
  });

  it('let a container use other MAC addresses with port_security: false, hot', async () => {
    const running = stack.processes('sp.liar');
    stack.write(words({}, { port_security: false }));
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    const foreign = frame(mac.victim, NOBODY, '01');
    const seen = await arriving('victim', TYPE, () =>
      send('liar', foreign, frame(mac.victim, mac.liar, END)),
    );
    expect(seen).toContain(foreign);
    // its address may move
    expect(Object.keys(await neighborsOf('victim')).sort()).toEqual([HOST, ADDRESS.owner]);
    expect(await reaches('victim', ADDRESS.liar)).toBe(true);
    expect(stack.processes('sp.liar')).toEqual(running);
    stack.write(words());
    await stack.apply();
    expect(await optionsOf('liar')).toEqual({ learning: false, locked: true, isolated: false });
  });

  it('separate containers from each other with members: isolated, hot', async () => {
    const running = stack.processes('sp.victim', 'sp.owner', 'sp.liar');
    stack.write(words({ members: 'isolated' }));
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    expect(await reaches('victim', HOST)).toBe(true);
    const ping = ['busybox', 'ping', '-c', '1', '-W', '1', ADDRESS.owner];
    await expect(inside('victim', ...ping)).rejects.toThrow();
    stack.write(words());
    await stack.apply();
    expect(await reaches('victim', ADDRESS.owner)).toBe(true);
    expect(stack.processes('sp.victim', 'sp.owner', 'sp.liar')).toEqual(running);
  });

  it('go with their containers, and what is fixed of them', async () => {
    const { owner: _, ...others } = words().containers as Record<string, object>;
    stack.write({ ...words(), containers: others });
    await stack.apply();
    expect(Object.keys(await neighborsOf('host')).sort()).toEqual([ADDRESS.victim, ADDRESS.liar]);
    expect(Object.keys(await neighborsOf('victim')).sort()).toEqual([HOST, ADDRESS.liar]);
    expect(readFileSync(stack.file, 'utf8')).not.toContain('owner');
  });
});
