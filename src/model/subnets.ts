import type { Subnet } from './ipv4.js';
import type { Subnet6 } from './ipv6.js';

/** A network and its owner. */
export interface OwnedSubnet<Owner, Network = Subnet> {
  subnet: Network;
  owner: Owner;
}

/**
 * An index of networks of one IP version that finds overlaps. If two networks overlap, one contains
 * the other, so a lookup takes time proportional to the prefix length, however many networks there
 * are.
 */
export class SubnetIndex<Owner, Network extends Subnet | Subnet6 = Subnet> {
  readonly #all = new Map<string, OwnedSubnet<Owner, Network>>();
  /** For each network, the first network added inside it. */
  readonly #within = new Map<string, OwnedSubnet<Owner, Network>>();

  /** If the same network is added twice, the first counts. */
  add(owner: Owner, subnet: Network): void {
    const added = { owner, subnet };
    const places = enclosingNetworks(subnet);
    if (!this.#all.has(places[0] as string)) this.#all.set(places[0] as string, added);
    for (const place of places) if (!this.#within.has(place)) this.#within.set(place, added);
  }

  /** A network that overlaps this one: the first one inside it, else one that contains it. */
  overlapping(subnet: Network): OwnedSubnet<Owner, Network> | undefined {
    const places = enclosingNetworks(subnet);
    const around = places.map((place) => this.#all.get(place)).find(Boolean);
    return this.#within.get(places[0] as string) ?? around;
  }
}

/** The network itself and all networks that contain it, from its own prefix to /0. */
function enclosingNetworks({ network, prefix }: Subnet | Subnet6): string[] {
  return Array.from({ length: prefix + 1 }, (_, index) => {
    const length = prefix - index;
    return `${startOf(network, length)}/${length}`;
  });
}

function startOf(network: number | bigint, length: number): number | bigint {
  if (typeof network === 'number') return network - (network % 2 ** (32 - length));
  return network - (network % 2n ** BigInt(128 - length));
}
