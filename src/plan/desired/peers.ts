import type { Instance } from '../../model/instance.js';
import { byName } from '../../model/names.js';
import type { Row } from '../../model/resource.js';
import type { ContainerSpec } from '../../model/specs.js';
import type { Leases } from './leases.js';

/** A container as the others on its bridges know it. */
export interface Peer {
  name: string;
  hostname: string;
  /** In order. The address is absent on a bridge without a subnet. */
  bridges: { bridge: string; address?: string; names: string[] }[];
}

export function peersOf(instances: Instance[], leases: Leases): Peer[] {
  return instances.map(({ name, service, entry }) => {
    const hostname = entry.hostname ?? name;
    const bridges = Object.entries(entry.bridges).map(([bridge, { aliases }]) =>
      member(bridge, leases(name, bridge), [hostname, name, service, ...aliases]),
    );
    return { name, hostname, bridges: sorted(bridges) };
  });
}

/** Of the containers among the rows. */
export function keptPeers(rows: readonly Row[]): Peer[] {
  return rows.flatMap(({ kind, name, spec }) => {
    if (kind !== 'container') return [];
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
