import { addressOf, byName } from '../../model/address.js';
import { hostsCopy, idOf } from '../../model/install-paths.js';
import type { Instance } from '../../model/instance.js';
import { exact } from '../../model/json.js';
import { parseSharing } from '../../model/namespaces.js';
import type { Resource, Row } from '../../model/resource.js';
import type { BridgeSpec, ContainerSpec, HostsSpec } from '../../model/specs.js';
import type { Context, Leases } from '../desired-context.js';
import { extraHostsOf, hostsName, hostsPath } from '../recorded.js';

/**
 * The contents of /etc/hosts (hosts(5)). What a container can reach depends only on its bridges, so
 * all containers on the same bridges share one text, unless they have `extra_hosts`.
 */
export function desiredHosts(peers: Peer[], context: Context): Resource<HostsSpec>[] {
  const { config, paths } = context;
  const groups = new Map<string, Peer[]>();
  for (const each of peers) {
    const name = hostsName(
      each.bridges.map(({ bridge }) => bridge),
      each.extra,
    );
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
  const extra = members[0]?.extra.map((each) => each.replace(/^([^=]*)=(.*)$/s, '$2 $1')) ?? [];
  return `${['127.0.0.1 localhost', '::1 localhost', ...lines, ...extra].join('\n')}\n`;
}

/**
 * A container without a bridge has no address of its own; this is Debian's convention for such
 * hosts.
 */
function ownName({ hostnames }: Peer): string {
  return `127.0.1.1 ${hostnames.join(' ')}`;
}

/** A line for each address of a peer on the bridge, in order. */
function linesByBridge(peers: Peer[]): ReadonlyMap<string, string[]> {
  const lines = new Map<string, string[]>();
  for (const { bridges } of peers) {
    for (const { bridge, address, address6, names } of bridges) {
      const own = [address, address6].filter((each) => each !== undefined);
      const others = lines.get(bridge) ?? [];
      others.push(...own.map((each) => [each, ...names].join(' ')));
      if (own.length > 0) lines.set(bridge, others);
    }
  }
  return lines;
}

/** A container as seen by the others on its bridges. */
export interface Peer {
  name: string;
  /** Of which it is a server. */
  farm?: string;
  /** Its host name, behind the full one if it has a domain. */
  hostnames: string[];
  /** Its `extra_hosts` as recorded. */
  extra: string[];
  /** Sorted. An address is absent on a bridge without such a subnet. */
  bridges: { bridge: string; address?: string; address6?: string; names: string[] }[];
}

/** Without those that share the network of another: they have its names, too. */
export function peersOf(
  instances: Instance[],
  specs: ReadonlyMap<string, BridgeSpec>,
  leases: Leases,
  context: Context,
): Peer[] {
  const own = instances.filter(({ entry }) => !parseSharing(entry.network_mode));
  return own.map((instance) => {
    const { name, service, entry } = instance;
    const hostnames = hostnamesOf(entry.hostname ?? name, entry.domainname);
    const bridges = Object.entries(entry.bridges).map(([bridge, { aliases }]) =>
      member(bridge, { address: leases(name, bridge), address6: leases(name, bridge, 6) }, [
        ...hostnames,
        name,
        service,
        ...aliases,
      ]),
    );
    const extra = extraHostsOf(instance, specs, context) ?? [];
    const farm = instance.serves && { farm: instance.serves.farm };
    return { name, ...farm, hostnames, extra, bridges: sorted(bridges) };
  });
}

/** The full name first, as hosts(5) recommends. */
const hostnamesOf = (hostname: string, domain: string | undefined) =>
  domain === undefined ? [hostname] : [`${hostname}.${domain}`, hostname];

/** The containers among the rows. */
export function keptPeers(rows: readonly Row[]): Peer[] {
  return rows.flatMap(({ kind, name, spec }) => {
    if (kind !== 'container' || (spec as ContainerSpec).network) return [];
    const { hostname, domainname, extra_hosts: extra = [], links } = spec as ContainerSpec;
    const hostnames = hostnamesOf(hostname, domainname);
    const bridges = links.map(({ bridge, ...link }) => {
      const [address, address6] = [link.address, link.address6].map((each) => each?.split('/')[0]);
      return member(bridge, { address, address6 }, [...hostnames, name]);
    });
    return [{ name, hostnames, extra, bridges: sorted(bridges) }];
  });
}

function member(
  bridge: string,
  { address, address6 }: { address: string | undefined; address6: string | undefined },
  names: string[],
) {
  return exact<Peer['bridges'][number]>({
    bridge,
    address,
    address6,
    names: [...new Set(names)],
  });
}

const sorted = (bridges: Peer['bridges']) => bridges.sort((a, b) => byName(a.bridge, b.bridge));
