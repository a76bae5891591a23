import { existsSync } from 'node:fs';
import { parseCidr, parseSubnet } from '../../../model/ipv4.js';
import { overlap6, parseCidr6, parseSubnet6, type Subnet6 } from '../../../model/ipv6.js';
import type { BridgeSpec } from '../../../model/specs.js';
import { SubnetIndex } from '../../../model/subnets.js';
import { runSync } from '../process/run.js';
import { type IpLink, readLinks } from './observe-links.js';

/** Output of `ip -json route show` of iproute2 6.1; `type` is absent for unicast routes. */
export interface IpRoute {
  /** `default`, an address, or a network. */
  dst: string;
  type?: string;
  dev?: string;
  gateway?: string;
}

type Network = Pick<IpLink, 'name' | 'addresses' | 'addresses6'>;

type Ask = (bridge: Pick<BridgeSpec, 'subnet' | 'host'>) => string | undefined;

/** The lookup for Preconditions: reads the host's interfaces and routes once per plan. */
export function subnetLookup(): (
  bridge: BridgeSpec,
  going: ReadonlySet<string>,
) => string | undefined {
  let known: { going: ReadonlySet<string>; ask: Ask } | undefined;
  return (bridge, going) => {
    if (known?.going !== going)
      known = { going, ask: conflictingSubnets(going, readLinks(), readRoutes()) };
    return known.ask(bridge);
  };
}

function readRoutes(): IpRoute[] {
  return JSON.parse(runSync('ip', ['-4', '-json', 'route', 'show']).stdout || '[]');
}

/** The same for IPv6 subnets. */
export function subnet6Lookup(): ReturnType<typeof subnetLookup> {
  const routes = (): IpRoute[] =>
    JSON.parse(runSync('ip', ['-6', '-json', 'route', 'show']).stdout || '[]');
  return ({ subnet6, host6 }, going) => {
    const ours = subnet6 === undefined ? undefined : parseSubnet6(subnet6);
    if (!ours) return undefined;
    const links = readLinks().filter(({ name }) => !going.has(name));
    const other = links
      .flatMap(({ name, addresses6 = [] }) => addresses6.map((text) => ({ name, text })))
      .find(({ text }) => overlaps6(text, ours));
    if (other) return `subnet ${subnet6} overlaps ${other.text} of interface ${other.name}`;
    if (host6 === undefined) return undefined;
    const route = routes().find(
      ({ dst, type = 'unicast', dev = '' }) =>
        type === 'unicast' && !going.has(dev) && overlaps6(dst, ours),
    );
    return (
      route &&
      `subnet ${subnet6} overlaps ${route.dst}, to which this host has a route${wayOf(route)}`
    );
  };
}

/** A default route overlaps nothing. */
function overlaps6(text: string, subnet: Subnet6): boolean {
  const other = parseCidr6(text.includes('/') ? text : `${text}/128`)?.subnet;
  return other !== undefined && other.prefix > 0 && overlap6(other, subnet);
}

const wayOf = ({ gateway, dev }: IpRoute) =>
  `${gateway ? ` via ${gateway}` : ''}${dev ? ` by ${dev}` : ''}`;

/** Why the host can have no IPv6 addresses; undefined if it can. */
export function ipv6Problem(): string | undefined {
  return existsSync('/proc/net/if_inet6')
    ? undefined
    : 'the kernel of this host has no IPv6 (no /proc/net/if_inet6): remove subnet6, or boot without ipv6.disable';
}

/**
 * With two interfaces in one subnet, the host would send packets to the wrong one. The default
 * route never conflicts. Any other overlapping route conflicts once the host has an address on the
 * bridge: a part of its destination would become unreachable.
 *
 * @param going interfaces that are ignored, together with their routes
 */
export function conflictingSubnets(
  going: ReadonlySet<string>,
  links: readonly Network[],
  routes: readonly IpRoute[],
): Ask {
  const interfaces = new SubnetIndex<string>();
  const routed = new SubnetIndex<string>();
  for (const { name, addresses } of links) {
    if (going.has(name)) continue;
    for (const address of addresses) add(interfaces, address, `${address} of interface ${name}`);
  }
  for (const { dst, type, dev, gateway } of routes) {
    if (type !== undefined || dst === 'default' || going.has(dev ?? '')) continue;
    const way = wayOf({ dst, ...(gateway && { gateway }), ...(dev && { dev }) });
    add(routed, dst, `${dst}, to which this host has a route${way}`);
  }
  return ({ subnet, host }) => {
    const ours = subnet === undefined ? undefined : parseSubnet(subnet);
    if (!ours) return undefined;
    const other =
      interfaces.overlapping(ours) ?? (host === undefined ? undefined : routed.overlapping(ours));
    return other && `subnet ${subnet} overlaps ${other.owner}`;
  };
}

/** @param text an address with prefix length, or a single address */
function add(all: SubnetIndex<string>, text: string, owner: string): void {
  const subnet = parseCidr(text.includes('/') ? text : `${text}/32`)?.subnet;
  if (subnet && subnet.prefix > 0) all.add(owner, subnet);
}
