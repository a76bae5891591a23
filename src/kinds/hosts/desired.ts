import { addressOf, byName } from '../../model/address.js';
import { hostsCopy, idOf } from '../../model/install-paths.js';
import type { Instance } from '../../model/instance.js';
import { parseSharing } from '../../model/namespaces.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ContainerSpec, HostsSpec } from '../../model/specs.js';
import type { Context, Leases } from '../desired-context.js';
import { hostsName, hostsPath } from '../recorded.js';

/**
 * The contents of /etc/hosts (hosts(5)). What a container can reach depends only on its bridges, so
 * all containers on the same bridges share one text.
 */
export function desiredHosts(peers: Peer[], context: Context): Resource<HostsSpec>[] {
  const { config, paths } = context;
  const groups = new Map<string, Peer[]>();
  for (const each of peers) {
    const name = hostsName(each.bridges.map(({ bridge }) => bridge));
    const members = groups.get(name) ?? [];
    members.push(each);
    groups.set(name, members);
  }
  const lines = linesByBridge(peers);
  return [...groups].map(([name, members]) => ({
    address: addressOf('hosts', name),
    kind: 'hosts',
    name,
    spec: {
      file: hostsPath(name, context),
      text: hostsText(members, lines),
      copies: members.map((each) => hostsCopy(paths, idOf(config.name, each.name))).sort(byName),
    },
    needs: [],
    protect: false,
  }));
}

function hostsText(members: Peer[], known: ReadonlyMap<string, string[]>): string {
  const bridges = members[0]?.bridges.map(({ bridge }) => bridge) ?? [];
  const lines =
    bridges.length === 0
      ? members.map(ownName)
      : bridges.flatMap((bridge) => known.get(bridge) ?? []);
  return `${['127.0.0.1 localhost', '::1 localhost', ...lines].join('\n')}\n`;
}

/**
 * A container without a bridge has no address of its own; this is Debian's convention for such
 * hosts.
 */
function ownName({ hostname }: Peer): string {
  return `127.0.1.1 ${hostname}`;
}

/** A line for each peer with an address on the bridge, in order. */
function linesByBridge(peers: Peer[]): ReadonlyMap<string, string[]> {
  const lines = new Map<string, string[]>();
  for (const { bridges } of peers) {
    for (const { bridge, address, names } of bridges) {
      if (address === undefined) continue;
      const line = [address, ...names].join(' ');
      const others = lines.get(bridge);
      if (others) others.push(line);
      else lines.set(bridge, [line]);
    }
  }
  return lines;
}

/** A container as seen by the others on its bridges. */
export interface Peer {
  name: string;
  hostname: string;
  /** Sorted. The address is absent on a bridge without a subnet. */
  bridges: { bridge: string; address?: string; names: string[] }[];
}

/** Without those that share the network of another: they have its names, too. */
export function peersOf(instances: Instance[], leases: Leases): Peer[] {
  const own = instances.filter(({ entry }) => !parseSharing(entry.network_mode));
  return own.map(({ name, service, entry }) => {
    const hostname = entry.hostname ?? name;
    const bridges = Object.entries(entry.bridges).map(([bridge, { aliases }]) =>
      member(bridge, leases(name, bridge), [hostname, name, service, ...aliases]),
    );
    return { name, hostname, bridges: sorted(bridges) };
  });
}

/** The containers among the rows. */
export function keptPeers(rows: readonly Row[]): Peer[] {
  return rows.flatMap(({ kind, name, spec }) => {
    if (kind !== 'container' || (spec as ContainerSpec).network) return [];
    const { hostname, links } = spec as ContainerSpec;
    const bridges = links.map(({ bridge, address }) =>
      member(bridge, address?.split('/')[0], [hostname, name]),
    );
    return [{ name, hostname, bridges: sorted(bridges) }];
  });
}

function member(bridge: string, address: string | undefined, names: string[]) {
  return { bridge, ...(address !== undefined && { address }), names: [...new Set(names)] };
}

const sorted = (bridges: Peer['bridges']) => bridges.sort((a, b) => byName(a.bridge, b.bridge));
