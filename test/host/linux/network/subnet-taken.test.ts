import { expect, it } from 'vitest';
import {
  conflictingSubnets,
  type IpRoute,
} from '../../../../src/host/linux/network/subnet-taken.js';

const LINKS = [
  { name: 'eth0', addresses: ['10.77.9.9/16'] },
  { name: 'bb-1', addresses: ['10.20.1.1/24'] },
];
const ROUTES: IpRoute[] = [
  { dst: 'default', gateway: '10.77.0.1', dev: 'eth0' },
  { dst: '10.77.0.0/16', dev: 'eth0' },
  { dst: '10.30.0.0/16', gateway: '10.77.0.2', dev: 'eth0' },
  { dst: '10.40.1.7', dev: 'wg0' },
  { dst: '10.50.0.0/16', type: 'unreachable' },
  { dst: '10.20.1.0/24', dev: 'bb-1' },
  { dst: '0.0.0.0/0', dev: 'eth0' },
];

const ask = (subnet: string, host?: string) =>
  conflictingSubnets(new Set(['bb-1']), LINKS, ROUTES)({ subnet, ...(host && { host }) });

it.each([
  ['10.77.1.0/24', undefined, '10.77.9.9/16 of interface eth0'],
  ['10.0.0.0/8', undefined, '10.77.9.9/16 of interface eth0'],
  [
    '10.30.4.0/24',
    '10.30.4.1',
    '10.30.0.0/16, to which this host has a route via 10.77.0.2 by eth0',
  ],
  ['10.40.0.0/16', '10.40.0.1', '10.40.1.7, to which this host has a route by wg0'],
])('a bridge cannot have %s', (subnet, host, other) => {
  expect(ask(subnet, host)).toBe(`subnet ${subnet} overlaps ${other}`);
});

it.each([
  ['that nobody has', '10.60.0.0/24', '10.60.0.1'],
  ['of the plan’s own bridges', '10.20.1.0/24', '10.20.1.1'],
  ['that is routed elsewhere, without the host on it', '10.30.4.0/24', undefined],
  ['of what is unreachable anyway', '10.50.1.0/24', '10.50.1.1'],
])('a bridge can have a subnet %s', (_what, subnet, host) => {
  expect(ask(subnet, host)).toBeUndefined();
});
