import { expect, it } from 'vitest';
import { parseLinks } from '../../../../src/host/linux/network/observe-links.js';

const LO = { ifindex: 1, ifname: 'lo', flags: ['LOOPBACK'], link_type: 'loopback', addr_info: [] };
const BRIDGE = {
  ifindex: 2,
  ifname: 'bb-1',
  flags: ['BROADCAST', 'UP'],
  linkinfo: { info_kind: 'bridge' },
  ifalias: 'baleine:x:s/bridge.front',
  addr_info: [
    { family: 'inet', local: '10.9.1.1', prefixlen: 24 },
    { family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link' },
  ],
};
const VETH = {
  ifindex: 5,
  link_index: 2,
  ifname: 'bv-1',
  flags: ['UP'],
  master: 'bb-1',
  link_netnsid: 0,
  group: '77',
  address: '02:00:00:00:00:01',
  linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge' },
};

it('reads kind, state, master, alias and IPv4 addresses of links', () => {
  expect(parseLinks(JSON.stringify([LO, {}, BRIDGE, VETH]))).toEqual([
    {
      name: 'lo',
      index: 1,
      kind: '',
      group: 'default',
      up: false,
      elsewhere: false,
      addresses: [],
    },
    {
      name: 'bb-1',
      index: 2,
      kind: 'bridge',
      group: 'default',
      up: true,
      elsewhere: false,
      alias: 'baleine:x:s/bridge.front',
      addresses: ['10.9.1.1/24'],
      ipv6: 'link',
    },
    {
      name: 'bv-1',
      index: 5,
      peer: 2,
      kind: 'veth',
      group: '77',
      up: true,
      elsewhere: true,
      master: 'bb-1',
      mac: '02:00:00:00:00:01',
      addresses: [],
    },
  ]);
});

it('finds the widest scope of IPv6 addresses', () => {
  const global = { family: 'inet6', local: '2001:db8::1', prefixlen: 64, scope: 'global' };
  const both = { ...BRIDGE, addr_info: [...BRIDGE.addr_info, global] };
  expect(parseLinks(JSON.stringify([both]))).toMatchObject([{ ipv6: 'global' }]);
});

it('reads empty output as no links', () => {
  expect(parseLinks('')).toEqual([]);
});
