/** An IPv4 network. Addresses are unsigned 32-bit numbers, so that they compare and count. */
export interface Subnet {
  /** The lowest address: no host bits set. */
  network: number;
  /** 0–32. */
  prefix: number;
}

const OCTET = '(?:0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])';
const ADDRESS = new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`);
const PREFIX = /^(\d|[12]\d|3[0-2])$/;

/** Parses `10.77.1.4`. Leading zeros are rejected, because inet_aton(3) reads them as octal. */
export function parseIp(text: string): number | undefined {
  if (!ADDRESS.test(text)) return undefined;
  let address = 0;
  for (const octet of text.split('.')) address = address * 256 + Number(octet);
  return address;
}

export function formatIp(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** Parses `10.77.1.4/24` into the address and the network it belongs to. */
export function parseCidr(text: string): { address: number; subnet: Subnet } | undefined {
  const slash = text.indexOf('/');
  const address = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === undefined || !PREFIX.test(length)) return undefined;
  const prefix = Number(length);
  return { address, subnet: { network: address - (address % sizeOf(prefix)), prefix } };
}

/** Parses `10.77.1.0/24`; undefined if it is malformed or has host bits set. */
export function parseSubnet(text: string): Subnet | undefined {
  const cidr = parseCidr(text);
  return cidr && cidr.address === cidr.subnet.network ? cidr.subnet : undefined;
}

export function formatSubnet(subnet: Subnet): string {
  return `${formatIp(subnet.network)}/${subnet.prefix}`;
}

/** The highest address. */
export function broadcastOf(subnet: Subnet): number {
  return subnet.network + sizeOf(subnet.prefix) - 1;
}

export function contains(subnet: Subnet, address: number): boolean {
  return address >= subnet.network && address <= broadcastOf(subnet);
}

export function overlap(a: Subnet, b: Subnet): boolean {
  return contains(a, b.network) || contains(b, a.network);
}

/**
 * The `n`th address of a subnet: 0 is the network address, 1 the first usable one. Undefined from
 * the broadcast address on.
 */
export function nthAddress(subnet: Subnet, n: number): number | undefined {
  const address = subnet.network + n;
  return n >= 0 && address < broadcastOf(subnet) ? address : undefined;
}

/** How many interfaces fit: all addresses except network and broadcast. For prefixes up to 30. */
export function capacity(subnet: Subnet): number {
  return sizeOf(subnet.prefix) - 2;
}

/** Why an interface cannot have this address in the subnet; undefined if it can. */
export function addressProblem(text: string, subnet: Subnet): string | undefined {
  const address = parseIp(text);
  const whole = formatSubnet(subnet);
  if (address === undefined || !contains(subnet, address)) return `${text} is outside ${whole}`;
  if (address === subnet.network) return `${text} is the network address of ${whole}`;
  if (address === broadcastOf(subnet)) return `${text} is the broadcast address of ${whole}`;
  return undefined;
}

function sizeOf(prefix: number): number {
  return 2 ** (32 - prefix);
}
