import { macOf } from '../../../model/mac.js';
import { isSecured } from '../../../model/port-security.js';
import type { Resource } from '../../../model/resource.js';
import type { BridgeSpec, ContainerSpec, LinkSpec } from '../../../model/specs.js';
import { type Context, isOthers } from '../../desired-context.js';

/**
 * Each container of a bridge has an entry of each other, so the entries grow with the square of the
 * containers. On a larger bridge, only the host's address is fixed.
 */
const MOST = 256;

/**
 * Where a container of a bridge can forge frames, the others get fixed entries of who has which
 * address: a claim of the forger cannot change them. Containers without NET_RAW and NET_ADMIN send no
 * frames of their own, so without any such container there is nothing to fix.
 */
export function withNeighbors(
  containers: Resource<ContainerSpec>[],
  bridges: ReadonlyMap<string, BridgeSpec>,
  context: Context,
): Resource<ContainerSpec>[] {
  const forged = forgedBridges(containers, context);
  if (forged.size === 0) return containers;
  const members = membersOf(containers, forged);
  const hosts = new Map([...bridges.values()].map((spec) => [spec.link, hostOf(spec)]));
  return containers.map((each) => {
    if (!each.spec.links.some(({ bridge_link }) => forged.has(bridge_link))) return each;
    const links = each.spec.links.map((link) => {
      if (!forged.has(link.bridge_link)) return link;
      const others = members.get(link.bridge_link) ?? [];
      const own = addressesOf(link);
      const known = others.length > MOST ? [] : others.filter(([each]) => !own.includes(each));
      const neighbors = [...(hosts.get(link.bridge_link) ?? []), ...known];
      return neighbors.length > 0 ? { ...link, neighbors: Object.fromEntries(neighbors) } : link;
    });
    return { ...each, spec: { ...each.spec, links } };
  });
}

/** Of both kinds, without prefix length. */
const addressesOf = ({ address, address6 }: LinkSpec) =>
  [address, address6].flatMap((each) => each?.split('/')[0] ?? []);

const hostOf = ({ host, host6 }: BridgeSpec) =>
  [host, host6].flatMap((each) => (each === undefined ? [] : [[each, 'host'] as const]));

/** Bridges with a container, of any stack, that can send frames as it likes. */
function forgedBridges(
  containers: readonly Resource<ContainerSpec>[],
  context: Context,
): ReadonlySet<string> {
  const rows = context.rows.filter((row) => row.kind === 'container' && isOthers(row, context));
  const others = rows.map(({ spec }) => spec as ContainerSpec);
  const specs = [...containers.map(({ spec }) => spec), ...others];
  const forgers = specs.filter(canForge);
  if (forgers.length === 0) return new Set();
  const byId = new Map(specs.map((spec) => [spec.id, spec]));
  // one that shares the network of another has the links of that one
  const owners = forgers.map((spec) => byId.get(spec.network?.id ?? '') ?? spec);
  return new Set(owners.flatMap(({ links }) => links.map(({ bridge_link }) => bridge_link)));
}

const FORGING = ['CAP_NET_RAW', 'CAP_NET_ADMIN'];

/** A name counts more than ALL, as in the container itself. */
function canForge({ cap_add: add, cap_drop: drop }: ContainerSpec): boolean {
  if (add.length === 0) return false;
  return FORGING.some(
    (name) =>
      !drop.includes(name) &&
      (add.includes(name) || (add.includes('ALL') && !drop.includes('ALL'))),
  );
}

/** Addresses with the MAC address behind each, by bridge; without those that may move. */
function membersOf(containers: readonly Resource<ContainerSpec>[], forged: ReadonlySet<string>) {
  const members = new Map<string, (readonly [string, string])[]>();
  for (const link of containers.flatMap(({ spec }) => spec.links)) {
    if (!forged.has(link.bridge_link) || !isSecured(link)) continue;
    const mac = macOf(link);
    const own = addressesOf(link).map((address) => [address, mac] as const);
    members.set(link.bridge_link, [...(members.get(link.bridge_link) ?? []), ...own]);
  }
  return members;
}
