import { describe, expect, it } from 'vitest';
import {
  connectedSubnets,
  joinAddresses,
  localAddresses,
  subnetsIn,
} from '../../../../src/host/linux/network/addresses.js';

const TRIE = `Main:
  +-- 0.0.0.0/1 2 0 2
     |-- 0.0.0.0
        /0 universe UNICAST
        |-- 10.9.1.0
           /24 link UNICAST
        |-- 10.9.1.5
           /32 host LOCAL
        |-- 10.9.1.255
           /32 link BROADCAST
        |-- 10.9.2.130
           /32 host LOCAL
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.0.0.1
           /32 host LOCAL
Local:
        |-- 10.9.1.5
           /32 host LOCAL
`;
const HEAD =
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT  \n';
const route = (device: string, destination: string, gateway: string, mask: string) =>
  `${device}\t${destination}\t${gateway}\t0001\t0\t0\t0\t${mask}\t0\t0\t0   \n`;
// printed by a little-endian kernel
const ROUTES = [
  HEAD,
  route('eth9', '00000000', '00000000', '00000000'),
  route('eth0', '00000000', '0101090A', '00000000'),
  route('eth0', '0001090A', '00000000', '00FFFFFF'),
  route('eth1', '8002090A', '00000000', '80FFFFFF'),
].join('');

describe('addresses inside a network namespace', () => {
  it('come from fib_trie without loopback and duplicates', () => {
    expect(localAddresses(TRIE)).toEqual([0x0a090105, 0x0a090282]);
  });

  it('belong to the device of the connected route around them', () => {
    const found = joinAddresses(localAddresses(TRIE), connectedSubnets(ROUTES));
    expect(Object.fromEntries(found)).toEqual({ eth0: ['10.9.1.5/24'], eth1: ['10.9.2.130/25'] });
  });

  it('belong to the only device, as far as it has a connected route around them', () => {
    const found = joinAddresses(localAddresses(TRIE), subnetsIn(TRIE, 'eth3'));
    expect(Object.fromEntries(found)).toEqual({ eth3: ['10.9.1.5/24'] });
  });

  it('are not guessed from default routes', () => {
    const defaults = ROUTES.split('\n').slice(0, 3).join('\n');
    expect(joinAddresses(localAddresses(TRIE), connectedSubnets(defaults)).size).toBe(0);
  });
});
