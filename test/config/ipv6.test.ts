import { describe, expect, it } from 'vitest';
import { places, withBridges } from './read.js';

const NET = 'subnet6: "fd00:77:1::/64"';
const container = (bridges: string) => `web: { image: base, command: [x], bridges: ${bridges} }`;

describe('an IPv6 subnet is refused', () => {
  it.each([
    ['of IPv4', 'n: { subnet6: 10.0.0.0/24 }', 'must be an IPv6 subnet such as fd00:77:1::/64'],
    ['with two gaps', 'n: { subnet6: "fd00::1::/64" }', 'fd00::1::/64 is no IPv6 subnet'],
    ['too long', 'n: { subnet6: "fd00::/129" }', 'fd00::/129 is no IPv6 subnet'],
    [
      'with bits behind its prefix',
      'n: { subnet6: "FD00:77:1::1/64" }',
      'fd00:77:1::1/64 has bits set behind its prefix',
    ],
    ['too wide', 'n: { subnet6: "fd00::/47" }', 'fd00::/47 is not from /48 to /126'],
    ['too narrow', 'n: { subnet6: "fd00::/127" }', 'fd00::/127 is not from /48 to /126'],
    ['of multicast', 'n: { subnet6: "ff02::/64" }', 'ff02::/64 is in ff00::/8'],
    ['of links', 'n: { subnet6: "fe80::/64" }', 'fe80::/64 is in fe80::/10'],
    [
      'that another bridge has',
      `n: { ${NET} }, m: { subnet6: "fd00:77:1::/48" }`,
      'fd00:77:1::/48 overlaps fd00:77:1::/64 of bridges.n',
    ],
  ])('%s', (_how, bridges, problem) => {
    expect(places(withBridges(bridges, container('[]')))).toEqual([
      expect.stringContaining(problem),
    ]);
  });
});

describe('an IPv6 address is refused', () => {
  it.each([
    ['of a host without a subnet', 'n: { host6: "fd00::1" }', 'an IPv6 address of the host needs'],
    [
      'of a host on any subnet',
      'n: { subnet6: auto, host6: "fd00::1" }',
      'a host address needs a subnet that it is in',
    ],
    ['of a host outside', `n: { ${NET}, host6: "fd00::1" }`, 'fd00::1 is outside fd00:77:1::/64'],
    [
      'of a host, that of all routers',
      `n: { ${NET}, host6: "fd00:77:1::" }`,
      "fd00:77:1:: is the routers' address of fd00:77:1::/64",
    ],
    [
      'on an isolated bridge',
      `n: { ${NET}, isolated: true, host6: auto }`,
      'an isolated bridge has no host6',
    ],
    [
      'of a router that is the host',
      `n: { ${NET}, host6: "fd00:77:1::1", gateway6: "fd00:77:1:0::1" }`,
      'fd00:77:1::1 is the address of the host',
    ],
    ['of a router outside', `n: { ${NET}, gateway6: "fd00::1" }`, 'fd00::1 is outside'],
  ])('%s', (_how, bridges, problem) => {
    expect(places(withBridges(bridges, container('[]')))).toEqual([
      expect.stringContaining(problem),
    ]);
  });

  it.each([
    ['where there is none', 'n: {}', 'fd00::5', 'bridges.n has no subnet6, so no IPv6 address'],
    ['on any subnet', 'n: { subnet6: auto }', 'fd00::5', 'bridges.n has any subnet6'],
    ['outside', `n: { ${NET} }`, 'fd00::5', 'fd00::5 is outside fd00:77:1::/64'],
    ['that is none', `n: { ${NET} }`, '1::2::3', '1::2::3 is no IPv6 address'],
    [
      'of the host',
      `n: { subnet: 10.0.0.0/24, host: auto, ${NET} }`,
      'fd00:77:1:0::1',
      'fd00:77:1::1 is the address of the host on bridges.n',
    ],
    [
      'of the router',
      `n: { ${NET}, uplink: eth1, gateway6: "fd00:77:1::9" }`,
      'fd00:77:1::9',
      'fd00:77:1::9 is the gateway6 of bridges.n',
    ],
  ])('of a container %s', (_how, bridges, address, problem) => {
    const file = withBridges(bridges, container(`{ n: { address6: "${address}" } }`));
    expect(places(file)).toEqual([expect.stringContaining(problem)]);
  });

  it('that two containers have, however it is written', () => {
    const one = (name: string, address: string) =>
      `${name}: { image: base, command: [x], bridges: { n: { address6: "${address}" } } }`;
    const two = `${one('a', 'fd00:77:1::a')}\n${one('b', 'FD00:77:1:0:0::A')}`;
    expect(places(withBridges(`n: { ${NET} }`, two))).toEqual([
      expect.stringContaining('fd00:77:1::a is already used by containers.a'),
    ]);
  });
});
