import { endianness } from 'node:os';
import { contains, formatIp, parseIp, type Subnet } from '../../model/ipv4.js';
import { readText } from './read.js';

/**
 * IPv4 addresses with prefix length by device in the network namespace of a process, without
 * entering it. The kernel's text files name addresses without devices (fib_trie) and subnets with
 * devices (route), so the two are joined: bridges of one host never overlap, which makes the join
 * unambiguous. A device that is down has no route, and so no address here.
 */
export function addressesOf(pid: number): Map<string, string[]> {
  const trie = readText(`/proc/${pid}/net/fib_trie`);
  const routes = readText(`/proc/${pid}/net/route`);
  if (!trie || !routes) return new Map();
  if (last.routes !== routes) last = { routes, subnets: connectedSubnets(routes) };
  return joinAddresses(localAddresses(trie), last.subnets);
}

/** Containers on the same bridges have the same table. */
let last: { routes: string; subnets: ConnectedSubnet[] } = { routes: '', subnets: [] };

const LOCAL = '/32 host LOCAL';

/** The addresses marked `/32 host LOCAL`, loopback left out; both tables may list them. */
export function localAddresses(trie: string): number[] {
  const found = new Set<string>();
  for (let at = trie.indexOf(LOCAL); at >= 0; at = trie.indexOf(LOCAL, at + 1)) {
    const from = trie.lastIndexOf('|-- ', at) + 4;
    found.add(trie.slice(from, trie.indexOf('\n', from)));
  }
  return [...found].flatMap((text) => {
    const address = text.startsWith('127.') ? undefined : parseIp(text);
    return address === undefined ? [] : [address];
  });
}

export interface ConnectedSubnet {
  device: string;
  subnet: Subnet;
}

/**
 * Lines of /proc/net/route without a gateway, the narrowest first:
 * `eth0 0001090A 00000000 0001 … 00FFFFFF …`. A default route to a device is no subnet.
 */
export function connectedSubnets(routes: string): ConnectedSubnet[] {
  const lines = routes.split('\n').slice(1).filter(Boolean);
  const found = lines.flatMap((line) => {
    const [device = '', destination = '', gateway, , , , , mask = ''] = line.split('\t');
    if (gateway !== '00000000' || mask === '00000000') return [];
    const prefix = Math.clz32(~hexNumber(mask));
    return [{ device, subnet: { network: hexNumber(destination), prefix } }];
  });
  return found.sort((a, b) => b.subnet.prefix - a.subnet.prefix);
}

export function joinAddresses(
  addresses: number[],
  subnets: ConnectedSubnet[],
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const address of addresses) {
    const via = subnets.find(({ subnet }) => contains(subnet, address));
    if (!via) continue;
    const text = `${formatIp(address)}/${via.subnet.prefix}`;
    found.set(via.device, [...(found.get(via.device) ?? []), text]);
  }
  return found;
}

/** The kernel prints the number as it lies in memory, network byte order. */
function hexNumber(text: string): number {
  const bytes = Buffer.from(text, 'hex');
  return endianness() === 'LE' ? bytes.readUInt32LE() : bytes.readUInt32BE();
}
