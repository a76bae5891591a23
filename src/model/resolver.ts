import { egressAddress } from './egress.js';
import { broadcastOf, contains, formatIp, parseIp, parseSubnet, type Subnet } from './ipv4.js';

/** The name of the image of all resolvers. */
export const RESOLVER_IMAGE = 'resolver';

/** What they run, from the host. */
export const RESOLVER_PROGRAM = '/usr/sbin/dnsmasq';

/** The name of the container that is the resolver of a bridge, and of its file of names. */
export const resolverName = (bridge: string) => `resolver-${bridge}`;

/** A resolver, as declared. */
export interface ResolverOptions {
  /** On the bridge. */
  address?: string;
  /** The name servers that it asks for what it does not know itself. */
  forward?: string[];
}

/** `dns` of a bridge, as recorded: the name servers beside its gateway, or a resolver of its own. */
export type BridgeDns = string[] | true | ResolverOptions;

interface Bridge {
  subnet?: string;
  host?: string;
  gateway?: string;
  range?: string;
  egress?: unknown;
  dns?: BridgeDns;
}

/** The resolver of a bridge, as declared; undefined for none. */
export function resolverOf({ dns }: Pick<Bridge, 'dns'>): ResolverOptions | undefined {
  if (dns === undefined || Array.isArray(dns)) return undefined;
  return dns === true ? {} : dns;
}

/** The name servers of a bridge without a resolver. */
export const serversOf = ({ dns }: Pick<Bridge, 'dns'>): string[] =>
  Array.isArray(dns) ? dns : [];

/**
 * The address of the resolver of a bridge: the declared one, else the last usable one of its range
 * that is nobody else's. Undefined on a bridge without a resolver or a subnet.
 */
export function resolverAddress(bridge: Bridge): string | undefined {
  const options = resolverOf(bridge);
  const subnet = bridge.subnet === undefined ? undefined : parseSubnet(bridge.subnet);
  if (!options || !subnet) return undefined;
  if (options.address !== undefined) return options.address;
  const { host, gateway } = bridge;
  const taken = new Set([host, gateway, bridge.egress ? egressAddress(bridge) : undefined]);
  let last = lastOf(bridge, subnet);
  while (taken.has(formatIp(last))) last -= 1;
  return formatIp(last);
}

function lastOf({ range }: Bridge, subnet: Subnet): number {
  const part = range === undefined ? undefined : parseSubnet(range);
  return Math.min(broadcastOf(part ?? subnet), broadcastOf(subnet) - 1);
}

/** Whether an address is in a subnet. */
export function isIn(subnet: Subnet | undefined, address: string): boolean {
  const number = parseIp(address);
  return subnet !== undefined && number !== undefined && contains(subnet, number);
}
