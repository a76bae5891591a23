import {
  broadcastOf,
  contains,
  formatIp,
  formatSubnet,
  parseCidr,
  parseSubnet,
  type Subnet,
} from './ipv4.js';

/** The name of the image of all ways out. */
export const EGRESS_IMAGE = 'egress';

/** What they run, from the host. */
export const EGRESS_PROGRAM = '/usr/bin/slirp4netns';

/** The name of the container that is the way out of a bridge. */
export const egressName = (bridge: string) => `egress-${bridge}`;

/**
 * The user and group that it runs as: above the ranges of containers with a user namespace, so that
 * nothing else on the host has it.
 */
export const EGRESS_ID = 0x7ffe_0000;

/**
 * Bytes of the largest packet on a bridge with a way out, the most that the program takes. It handles each
 * packet by itself: with those of Ethernet it carries a sixth.
 */
export const EGRESS_MTU = 65_520;

/** Where the program finds the namespace with its tap device, and the user namespace that owns it. */
export const EGRESS_FILES = { net: '/run/egress-net', user: '/run/egress-user' } as const;

/** The tap device between its network namespace and its program. */
export const TAP = 'tap0';

/**
 * The network between the two. Containers see only its name server. Reserved for documentation
 * (RFC 5737), so nothing that anybody wants to reach has these addresses.
 */
export const INNER = {
  subnet: '192.0.2.0/24',
  /** Of the namespace. */
  own: '192.0.2.100',
  /** Of the program: fixed positions in the network (slirp4netns(1)). */
  gateway: '192.0.2.2',
  dns: '192.0.2.3',
} as const;

/**
 * Link-local addresses (RFC 3927), which a router does not forward. Clouds have their metadata
 * service there, which gives away the host's credentials.
 */
const LINK_LOCAL = '169.254.0.0/16';

/** What can be reached, as in the file: subnets. */
export interface EgressRules {
  allow?: string[];
  deny?: string[];
}

/** A way out of a bridge, as recorded. */
export interface EgressSpec extends EgressRules {
  /** The host's networks that other bridges of this stack create. */
  closed?: string[];
}

/** Its address on the bridge: the last usable one that is not the host's. */
export function egressAddress({
  subnet,
  host,
}: {
  subnet?: string;
  host?: string;
}): string | undefined {
  const parsed = subnet === undefined ? undefined : parseSubnet(subnet);
  if (!parsed) return undefined;
  const last = broadcastOf(parsed) - 1;
  return formatIp(formatIp(last) === host ? last - 1 : last);
}

/** The network of the host that a bridge with these keys creates; undefined for none. */
export function hostNetwork({
  subnet,
  host,
  uplink,
}: {
  subnet?: string;
  host?: string;
  uplink?: string;
}): string | undefined {
  if (subnet === undefined || host === undefined) return undefined;
  // the network of an uplink is not the host's
  return uplink === undefined ? subnet : `${host}/32`;
}

/** The routes of its network namespace: destination → how, in the words of `ip route`. */
export type Routes = Readonly<Record<string, string>>;

export const CLOSED = 'unreachable';
const OPEN = `via ${INNER.gateway}`;
export const DEFAULT = 'default';

/**
 * The routes that make the rules so. Of all that contain a destination, the longest prefix decides.
 * Where the file allows exactly what is closed by default, the file wins.
 *
 * @param address of the way out, with prefix length
 * @param own networks of the host itself, closed by default
 */
export function egressRoutes(
  { allow = [], deny = [], closed = [] }: EgressSpec,
  address: string,
  own: readonly string[],
): Routes {
  const subnet = parseCidr(address)?.subnet;
  const byDefault = [LINK_LOCAL, ...closed, ...own].filter((each) => !isWithin(each, subnet));
  const inner = { [INNER.gateway]: `dev ${TAP}`, [INNER.dns]: `dev ${TAP}` };
  const routes: Record<string, string> = {
    [DEFAULT]: allow.length > 0 && deny.length === 0 ? CLOSED : OPEN,
    ...inner,
  };
  for (const each of [...byDefault, ...deny]) routes[destination(each)] = CLOSED;
  for (const each of allow) routes[destination(each)] = OPEN;
  // the host itself may have one of them; the program connects to no address of this network
  Object.assign(routes, inner);
  if (subnet) routes[formatSubnet(subnet)] = 'dev eth0';
  return routes;
}

/** As ip(8) prints it. */
function destination(cidr: string): string {
  if (cidr === '0.0.0.0/0') return DEFAULT;
  return cidr.endsWith('/32') ? cidr.slice(0, -3) : cidr;
}

function isWithin(cidr: string, whole: Subnet | undefined): boolean {
  const subnet = parseSubnet(cidr);
  return subnet !== undefined && whole !== undefined && contains(whole, subnet.network);
}

/** The network namespace of a way out, as observed. */
export interface ObservedEgress {
  /** Interfaces that are up, with their addresses. */
  links: Readonly<Record<string, readonly string[]>>;
  routes: Routes;
  /** It forwards packets, and answers the program for the containers behind it. */
  forwards: boolean;
}

export const TAP_MISSING = `tap device ${TAP} is missing`;

/**
 * What differs from the rules. Closed routes beyond these do not count: they go with the next
 * change of the rules.
 */
export function egressFaults(
  { links, routes, forwards }: ObservedEgress,
  address: string,
  wanted: Routes,
): string[] {
  if (!links[TAP]) return [TAP_MISSING];
  const name = (to: string) => (to === DEFAULT ? 'its default route' : `its route to ${to}`);
  const different = Object.entries(wanted).flatMap(([to, how]) => {
    const found = routes[to];
    if (found === how) return [];
    if (found === undefined) return [`${name(to)} is missing`];
    return [`${name(to)} is ${found}, not ${how}`];
  });
  const open = Object.entries(routes).filter(
    ([to, how]) => wanted[to] === undefined && how !== CLOSED,
  );
  return [
    ...(links.eth0?.includes(address) ? [] : [`address ${address} is missing from eth0`]),
    ...(links[TAP].includes(`${INNER.own}/32`) ? [] : [`${TAP} has lost its address`]),
    ...different,
    ...open.map(([to]) => `${name(to)} is not ours`),
    ...(forwards ? [] : ['it does not forward']),
  ];
}

/** Why the rules of a bridge make no sense; undefined if they do. */
export function ruleProblem(cidr: string, subnet: Subnet | undefined): string | undefined {
  const parsed = parseSubnet(cidr);
  if (!parsed) {
    const meant = parseCidr(cidr)?.subnet;
    return `${cidr} has bits set behind its prefix${meant ? `; did you mean ${formatSubnet(meant)}?` : ''}`;
  }
  if (isWithin(cidr, subnet) && subnet && parsed.prefix >= subnet.prefix) {
    return `${cidr} is in the bridge's own subnet, which containers reach without the way out`;
  }
  return undefined;
}
