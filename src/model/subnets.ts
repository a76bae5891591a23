import type { Subnet } from './ipv4.js';

/** A network and its owner. */
export interface OwnedSubnet<Owner> {
  subnet: Subnet;
  owner: Owner;
}

/**
 * An index of networks that finds overlaps. If two networks overlap, one contains the other, so a
 * lookup takes time proportional to the prefix length, however many networks there are.
 */
export class SubnetIndex<Owner> {
  readonly #all = new Map<string, OwnedSubnet<Owner>>();
  /** For each network, the first network added inside it. */
  readonly #within = new Map<string, OwnedSubnet<Owner>>();

  /** If the same network is added twice, the first counts. */
  add(owner: Owner, subnet: Subnet): void {
    const added = { owner, subnet };
    const places = enclosingNetworks(subnet);
    if (!this.#all.has(places[0] as string)) this.#all.set(places[0] as string, added);
    for (const place of places) if (!this.#within.has(place)) this.#within.set(place, added);
  }

  /** A network that overlaps this one: the first one inside it, else one that contains it. */
  overlapping(subnet: Subnet): OwnedSubnet<Owner> | undefined {
    const places = enclosingNetworks(subnet);
    const around = places.map((place) => this.#all.get(place)).find(Boolean);
    return this.#within.get(places[0] as string) ?? around;
  }
}

/** The network itself and all networks that contain it, from its own prefix to /0. */
function enclosingNetworks({ network, prefix }: Subnet): string[] {
  return Array.from({ length: prefix + 1 }, (_, index) => {
    const length = prefix - index;
    return `${network - (network % 2 ** (32 - length))}/${length}`;
  });
}
