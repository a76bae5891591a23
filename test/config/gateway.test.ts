import { describe, expect, it } from 'vitest';
import { parseLease } from '../../src/model/dhcp.js';
import type { ContainerSpec } from '../../src/model/specs.js';
import { MemoryStack } from '../support/memory-stack.js';
import { places, withBridges } from './read.js';

const LAN = 'subnet: 192.168.9.0/24';
const container = (bridges: string) => `web: { image: base, command: [x], bridges: ${bridges} }`;

describe('a gateway is refused', () => {
  it.each([
    ['without a subnet', 'lan: { gateway: 192.168.9.1 }', 'a gateway needs a subnet that it is in'],
    [
      'on a subnet that may be any',
      'lan: { subnet: auto, gateway: 192.168.9.1 }',
      'a gateway needs a subnet that it is in',
    ],
    ['outside', `lan: { ${LAN}, gateway: 10.0.0.1 }`, '10.0.0.1 is outside 192.168.9.0/24'],
    [
      'that is the host',
      `lan: { ${LAN}, host: 192.168.9.1, gateway: 192.168.9.1 }`,
      '192.168.9.1 is the address of the host, the default route where there is no gateway',
    ],
    [
      'beside a way out',
      `lan: { ${LAN}, egress: true, gateway: 192.168.9.1 }`,
      'a bridge with a way out has no gateway',
    ],
    [
      'on an isolated bridge',
      `lan: { ${LAN}, isolated: true, gateway: 192.168.9.1 }`,
      'an isolated bridge has no gateway',
    ],
    [
      'that is automatic, without an uplink',
      `lan: { ${LAN}, gateway: auto }`,
      'an automatic gateway is that of the network of an uplink',
    ],
    [
      'that is missing, of name servers',
      `lan: { ${LAN}, dns: 192.168.9.1 }`,
      'name servers of a bridge belong to its gateway',
    ],
    [
      'as the address of a container beside machines of the network',
      `lan: { ${LAN}, uplink: eth1, gateway: 192.168.9.1 }`,
      '192.168.9.1 is the gateway of bridges.lan',
      '{ lan: { address: 192.168.9.1 } }',
    ],
  ])('%s', (_, bridge, message, members = '[lan]') => {
    const found = places(withBridges(bridge, container(members)));
    expect(found).toEqual([expect.stringMatching(/^[35]:\d+: /)]);
    expect(found[0]).toContain(message);
  });
});

describe('a range is refused', () => {
  it.each([
    ['192.168.9.65/26', '192.168.9.65/26 has bits set behind its prefix'],
    ['192.168.8.0/26', '192.168.8.0/26 is not in 192.168.9.0/24'],
    ['192.168.0.0/16', '192.168.0.0/16 is not in 192.168.9.0/24'],
  ])('%s', (range, message) => {
    const found = places(withBridges(`lan: { ${LAN}, range: ${range} }`, container('[lan]')));
    expect(found).toEqual([expect.stringContaining(message)]);
  });
});

/** Containers a, b and c, in this order. */
const file = (bridges: string, members: string) => `
name: shop
images: { base: { from: { tar: base.tar } } }
bridges: { ${bridges} }
containers:
${['a', 'b', 'c'].map((name) => `  ${name}: { image: base, command: [x], bridges: ${members} }`).join('\n')}
`;

/** Address, default route and name servers on each bridge, by container. */
function linksIn(text: string): Record<string, string[]> {
  const { resources } = new MemoryStack().desired(text);
  const containers = resources.filter(({ kind }) => kind === 'container');
  return Object.fromEntries(
    containers.map(({ name, spec }) => [
      name,
      (spec as ContainerSpec).links.map(({ bridge, address, gateway, dns }) =>
        [bridge, address, gateway && `via ${gateway}`, dns && [dns].flat().join()]
          .filter(Boolean)
          .join(' '),
      ),
    ]),
  );
}

it('automatic addresses are those of the range, without the gateway', () => {
  const bridge = `lan: { ${LAN}, gateway: 192.168.9.65, dns: 192.168.9.7, range: 192.168.9.64/30 }`;
  expect(linksIn(file(bridge, '[lan]'))).toEqual({
    a: ['lan 192.168.9.64/24 via 192.168.9.65 192.168.9.7'],
    b: ['lan 192.168.9.66/24 via 192.168.9.65 192.168.9.7'],
    c: ['lan 192.168.9.67/24 via 192.168.9.65 192.168.9.7'],
  });
  const small = bridge.replace('/30', '/31');
  expect(() => linksIn(file(small, '[lan]'))).toThrow(
    'no address left for container b: all of 192.168.9.64/31 on bridge lan are in use',
  );
});

it('a plan shows them', () => {
  const bridge = `lan: { ${LAN}, uplink: eth1, gateway: 192.168.9.1, dns: 192.168.9.7, range: 192.168.9.64/26 }`;
  expect(new MemoryStack().planText(file(bridge, '[lan]'))).toContain(`
  + bridge.lan
      + subnet: 192.168.9.0/24
      + uplink: eth1
      + gateway: 192.168.9.1
      + dns: ["192.168.9.7"]
      + range: 192.168.9.64/26

`);
});

it('a gateway has precedence over the host, a way out over a gateway', () => {
  const host = 'back: { subnet: 10.0.1.0/24, host: 10.0.1.1 }';
  const lan = `lan: { ${LAN}, gateway: 192.168.9.1 }`;
  const open = 'open: { subnet: 10.0.2.0/24, egress: true }';
  const routes = (bridges: string[], members: string) =>
    linksIn(file(bridges.join(', '), members)).a;
  expect(routes([host, lan], '[back, lan]')).toEqual([
    'back 10.0.1.2/24',
    'lan 192.168.9.2/24 via 192.168.9.1',
  ]);
  expect(routes([host, lan, open], '[back, lan, open]')).toEqual([
    'back 10.0.1.2/24',
    'lan 192.168.9.2/24',
    'open 10.0.2.1/24 via 10.0.2.254 192.0.2.3',
  ]);
  expect(routes([host, lan], '[back, lan], egress: false')).toEqual([
    'back 10.0.1.2/24 via 10.0.1.1',
    'lan 192.168.9.2/24',
  ]);
});

it('a container that is the gateway has no route to itself', () => {
  const text = file(`lan: { ${LAN}, gateway: 192.168.9.1 }`, '[lan]').replace(
    'a: { image: base, command: [x], bridges: [lan] }',
    'a: { image: base, command: [x], bridges: { lan: { address: 192.168.9.1 } } }',
  );
  expect(linksIn(text)).toMatchObject({
    a: ['lan 192.168.9.1/24'],
    b: ['lan 192.168.9.2/24 via 192.168.9.1'],
  });
});

describe('gateway: auto', () => {
  const lan = `lan: { ${LAN}, uplink: eth1, gateway: auto }`;
  const text = file(lan, '[lan]');
  const lease = { router: '192.168.9.1', dns: ['192.168.9.7', '192.168.9.8'] };

  it('is what the DHCP server says, and kept', async () => {
    const stack = new MemoryStack();
    stack.lease = () => lease;
    expect(stack.planText(text)).toContain(`
  + bridge.lan
      + subnet: 192.168.9.0/24
      + uplink: eth1
      + gateway: 192.168.9.1
      + dns: ["192.168.9.7","192.168.9.8"]

`);
    await stack.apply(text);
    stack.lease = () => 'nobody is asked again';
    // the host in memory has no interfaces but its own bridges
    const reasons = stack.plan(text).changes.flatMap((each) => each.reasons);
    expect(reasons).toEqual(['uplink eth1 has left']);
    stack.lease = () => ({ router: '192.168.9.2', dns: [] });
    const moved = text.replace('eth1', 'eth2');
    expect(stack.planText(moved)).toContain(`
  ~ bridge.lan
      ~ uplink: eth1 → eth2
      ~ gateway: 192.168.9.1 → 192.168.9.2
      - dns: ["192.168.9.7","192.168.9.8"]

`);
  });

  it.each([
    ['none of the file', '', ['192.168.9.7', '192.168.9.8']],
    ['those of the file', ', dns: 192.168.9.9', ['192.168.9.9']],
    ['a resolver that asks them', ', dns: true', { forward: lease.dns }],
    ['a resolver with its own', ', dns: { forward: 192.168.9.9 }', { forward: ['192.168.9.9'] }],
  ])('with %s', (_, keys, expected) => {
    const stack = new MemoryStack();
    stack.lease = () => lease;
    const { resources } = stack.desired(text.replace('auto', `auto${keys}`));
    const bridge = resources.find(({ address }) => address === 'bridge.lan');
    expect(bridge?.spec).toMatchObject({ gateway: '192.168.9.1', dns: expected });
  });

  it.each([
    ['no answer', 'no DHCP server answers on eth1', 'no DHCP server answers on eth1'],
    ['no router', { dns: [] }, 'the DHCP server of eth1 names no router'],
    [
      'a router elsewhere',
      { router: '10.0.0.1', dns: [] },
      'the DHCP server of eth1 names a router that containers cannot reach: 10.0.0.1 is outside 192.168.9.0/24',
    ],
  ])('%s is an error with its place', (_, answer, message) => {
    const stack = new MemoryStack();
    stack.lease = () => answer;
    expect(() => stack.desired(text)).toThrow(
      `baleine.yaml:4:57: cannot find the gateway of bridge lan: ${message}`,
    );
  });
});

it('a lease has addresses only', () => {
  const text = 'router=192.168.9.1 10.0.0.1\ndns=a 1.2.3.4 $(x) 300.1.1.1 1.1.1.1\n';
  expect(parseLease(text)).toEqual({ router: '192.168.9.1', dns: ['1.2.3.4', '1.1.1.1'] });
  expect(parseLease('')).toEqual({ dns: [] });
});
