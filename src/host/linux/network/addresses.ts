import { endianness } from 'node:os';
import { contains, formatIp, parseIp, parseSubnet, type Subnet } from '../../../model/ipv4.js';
import { formatIp6 } from '../../../model/ipv6.js';
import { readText } from '../files/read.js';

/**
 * IPv4 addresses with prefix length, by device, in the network namespace of a process, without
 * entering it. The kernel's text files list addresses without devices (fib_trie) and subnets with
 * devices (route), so the two are joined: bridges of one host never overlap, which makes the join
 * unambiguous. A device that is down has no route, and therefore no address here.
 *
 * @param devices devices of the container; with only one, the usual case, the first file is enough
 */
export function addressesOf(pid: number, devices: readonly string[]): Map<string, string[]> {
  const text = readText(`/proc/${pid}/net/fib_trie`);
  if (!text) return new Map();
  const trie = withoutRepetition(text);
  return joinAddresses(localAddresses(trie), subnetsOf(pid, trie, devices));
}

/**
 * Without routing rules that distinguish them (ip-rule(8)), the two tables are one, printed twice.
 */
function withoutRepetition(trie: string): string {
  const [main = '', local] = trie.split('Local:\n');
  return main === `Main:\n${local}` ? main : trie;
}

function subnetsOf(pid: number, trie: string, [device, ...others]: readonly string[]) {
  if (device !== undefined && others.length === 0) return subnetsIn(trie, device);
  const routes = readText(`/proc/${pid}/net/route`) ?? '';
  if (last.routes !== routes) last = { routes, subnets: connectedSubnets(routes) };
  return last.subnets;
}

/** Containers on the same bridges have the same table. */
let last: { routes: string; subnets: ConnectedSubnet[] } = { routes: '', subnets: [] };

const LOCAL = '/32 host LOCAL';

/** The addresses marked `/32 host LOCAL`, without loopback; both tables may list them. */
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

const CONNECTED = ' link UNICAST';

/**
 * The subnets marked `/24 link UNICAST`, narrowest first, all attributed to one device. Ignores a
 * default route.
 */
export function subnetsIn(trie: string, device: string): ConnectedSubnet[] {
  let texts = '';
  for (let at = trie.indexOf(CONNECTED); at >= 0; at = trie.indexOf(CONNECTED, at + 1)) {
    const from = trie.lastIndexOf('|-- ', at) + 4;
    const network = trie.slice(from, trie.indexOf('\n', from));
    texts += `${network}${trie.slice(trie.lastIndexOf('/', at), at)} `;
  }
  if (known.texts !== texts || known.device !== device) {
    const subnets = texts.split(' ').flatMap((each) => parseSubnet(each) ?? []);
    const found = subnets.filter(({ prefix }) => prefix > 0);
    known = { texts, device, found: found.map((subnet) => ({ device, subnet })) };
    known.found.sort(narrowestFirst);
  }
  return known.found;
}

/** Containers on the same bridge have the same subnets. */
let known: { texts: string; device: string; found: ConnectedSubnet[] } = {
  texts: '',
  device: '',
  found: [],
};

export interface ConnectedSubnet {
  device: string;
  subnet: Subnet;
}

/**
 * Lines of /proc/net/route without a gateway, narrowest first: `eth0 0001090A 00000000 0001 …
 * 00FFFFFF …`. A default route to a device is not a subnet.
 */
export function connectedSubnets(routes: string): ConnectedSubnet[] {
  const lines = routes.split('\n').slice(1).filter(Boolean);
  const found = lines.flatMap((line) => {
    const [device = '', destination = '', gateway, , , , , mask = ''] = line.split('\t');
    if (gateway !== '00000000' || mask === '00000000') return [];
    const prefix = Math.clz32(~hexNumber(mask));
    return [{ device, subnet: { network: hexNumber(destination), prefix } }];
  });
  return found.sort(narrowestFirst);
}

/**
 * The gateway of a default route by device, in the network namespace of a process: lines of
 * /proc/net/route with destination and mask 0.
 */
export function gatewaysOf(pid: number): Map<string, string> {
  const lines = (readText(`/proc/${pid}/net/route`) ?? '').split('\n').slice(1);
  const found = lines.flatMap((line): [string, string][] => {
    const [device = '', destination, gateway = '', , , , , mask] = line.split('\t');
    const isDefault = destination === NONE && mask === NONE && gateway !== NONE;
    return isDefault ? [[device, formatIp(hexNumber(gateway))]] : [];
  });
  return new Map(found.reverse());
}

/**
 * Lines of /proc/net/if_inet6 (proc_net(5)): address, index, prefix length, scope, flags, device.
 * Scope 00 is global, which private addresses have, too.
 */
export function addresses6Of(pid: number): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of (readText(`/proc/${pid}/net/if_inet6`) ?? '').split('\n')) {
    const [hex = '', , length = '', scope, , device = ''] = line.trim().split(/\s+/);
    if (scope !== '00') continue;
    const text = `${formatIp6(BigInt(`0x${hex}`))}/${Number.parseInt(length, 16)}`;
    found.set(device, [...(found.get(device) ?? []), text]);
  }
  return found;
}

/**
 * The gateways of default routes by device: lines of /proc/net/ipv6_route, whose fields are the
 * destination, its prefix length, the same of the source, the next hop, four more, and the device.
 */
export function gateways6Of(pid: number): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of (readText(`/proc/${pid}/net/ipv6_route`) ?? '').split('\n')) {
    const fields = line.trim().split(/\s+/);
    const [destination, length, , , hop = ''] = fields;
    if (destination !== NONE6 || length !== '00' || hop === NONE6) continue;
    const device = fields.at(-1) ?? '';
    found.set(device, [...(found.get(device) ?? []), formatIp6(BigInt(`0x${hop}`))]);
  }
  return found;
}

const NONE6 = '0'.repeat(32);
const NONE = '00000000';

const narrowestFirst = (a: ConnectedSubnet, b: ConnectedSubnet) =>
  b.subnet.prefix - a.subnet.prefix;

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

/** The kernel prints the number in memory order, which is network byte order. */
function hexNumber(text: string): number {
  const bytes = Buffer.from(text, 'hex');
  return endianness() === 'LE' ? bytes.readUInt32LE() : bytes.readUInt32BE();
}
