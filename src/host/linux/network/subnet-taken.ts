import { parseCidr, parseSubnet } from '../../../model/ipv4.js';
import type { BridgeSpec } from '../../../model/specs.js';
import { SubnetIndex } from '../../../model/subnets.js';
import { runSync } from '../process/run.js';
import { type IpLink, readLinks } from './observe-links.js';

/** What `ip -json route show` of iproute2 6.1 says; `type` is absent for one that leads somewhere. */
export interface IpRoute {
  /** `default`, an address, or a network. */
  dst: string;
  type?: string;
  dev?: string;
  gateway?: string;
}

type Network = Pick<IpLink, 'name' | 'addresses'>;

type Ask = (bridge: Pick<BridgeSpec, 'subnet' | 'host'>) => string | undefined;

/** Preconditions' look-up: the host is asked for its interfaces and routes once for a plan. */
export function subnetLookUp(): (
  bridge: BridgeSpec,
  going: ReadonlySet<string>,
) => string | undefined {
  let known: { going: ReadonlySet<string>; ask: Ask } | undefined;
  return (bridge, going) => {
    if (known?.going !== going)
      known = { going, ask: takenSubnets(going, readLinks(), readRoutes()) };
    return known.ask(bridge);
  };
}

function readRoutes(): IpRoute[] {
  return JSON.parse(runSync('ip', ['-4', '-json', 'route', 'show']).stdout || '[]');
}

/**
 * Two interfaces in one subnet: the host would send to the wrong one of them. The default route is in
 * nobody's way; any other is once the host has an address on the bridge, for part of what it leads to
 * would not be reached any more.
 *
 * @param going interfaces that do not count, nor do routes by them
 */
export function takenSubnets(
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
    const way = [...(gateway ? ['via', gateway] : []), ...(dev ? ['by', dev] : [])].join(' ');
    add(routed, dst, `${dst}, to which this host has a route ${way}`.trimEnd());
  }
  return ({ subnet, host }) => {
    const ours = subnet === undefined ? undefined : parseSubnet(subnet);
    if (!ours) return undefined;
    const other =
      interfaces.overlapping(ours) ?? (host === undefined ? undefined : routed.overlapping(ours));
    return other && `subnet ${subnet} overlaps ${other.owner}`;
  };
}

/** @param text an address with a prefix length, or without one: a route to it alone */
function add(all: SubnetIndex<string>, text: string, owner: string): void {
  const subnet = parseCidr(text.includes('/') ? text : `${text}/32`)?.subnet;
  if (subnet && subnet.prefix > 0) all.add(owner, subnet);
}
