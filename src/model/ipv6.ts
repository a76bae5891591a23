import { isIPv6, SocketAddress } from 'node:net';

/** An IPv6 network. Addresses are unsigned 128-bit numbers, so that they compare and count. */
export interface Subnet6 {
  /** The lowest address: no host bits set. */
  network: bigint;
  /** 0–128. */
  prefix: number;
}

const GROUPS = 8;

/**
 * Parses `fd00::1`. Neither a zone (`fe80::1%eth0`), which only its own host understands, nor an IPv4
 * address written as IPv6.
 */
export function parseIp6(text: string): bigint | undefined {
  if (!isIPv6(text) || /[.%]/.test(text)) return undefined;
  const [head = [], tail = []] = text.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array.from({ length: GROUPS - head.length - tail.length }, () => '0');
  const groups = [...head, ...zeros, ...tail].map((each) => each.padStart(4, '0'));
  return BigInt(`0x${groups.join('')}`);
}

/** In canonical form (RFC 5952), as the kernel's tools print it. */
export function formatIp6(address: bigint): string {
  const groups = address.toString(16).padStart(32, '0').match(/.{4}/g) ?? [];
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}

/** Parses `fd00::1/64` into the address and the network it belongs to. */
export function parseCidr6(text: string): { address: bigint; subnet: Subnet6 } | undefined {
  const [host = '', length = '', ...rest] = text.split('/');
  const address = parseIp6(host);
  const prefix = Number(length);
  if (address === undefined || !/^\d{1,3}$/.test(length) || prefix > 128 || rest.length > 0) {
    return undefined;
  }
  return { address, subnet: { network: address - (address % sizeOf(prefix)), prefix } };
}

/** Parses `fd00::/64`; undefined if it is malformed or has host bits set. */
export function parseSubnet6(text: string): Subnet6 | undefined {
  const cidr = parseCidr6(text);
  return cidr && cidr.address === cidr.subnet.network ? cidr.subnet : undefined;
}

export function formatSubnet6({ network, prefix }: Subnet6): string {
  return `${formatIp6(network)}/${prefix}`;
}

/** The canonical form of an address, with or without prefix length; anything else stays as it is. */
export function canonical6(text: string): string {
  const [host = '', ...length] = text.split('/');
  const address = parseIp6(host);
  return address === undefined ? text : [formatIp6(address), ...length].join('/');
}

/** The highest address. */
export function lastAddress6({ network, prefix }: Subnet6): bigint {
  return network + sizeOf(prefix) - 1n;
}

export function contains6(subnet: Subnet6, address: bigint): boolean {
  return address >= subnet.network && address <= lastAddress6(subnet);
}

export function overlap6(a: Subnet6, b: Subnet6): boolean {
  return contains6(a, b.network) || contains6(b, a.network);
}

/**
 * Why an interface cannot have this address in the subnet; undefined if it can. The lowest address
 * is that of all routers (RFC 4291, 2.6.1); there is no broadcast address.
 */
export function addressProblem6(text: string, subnet: Subnet6): string | undefined {
  const address = parseIp6(text);
  const whole = formatSubnet6(subnet);
  if (address === undefined || !contains6(subnet, address)) return `${text} is outside ${whole}`;
  if (address === subnet.network) return `${text} is the routers' address of ${whole}`;
  return undefined;
}

function sizeOf(prefix: number): bigint {
  return 2n ** BigInt(128 - prefix);
}
