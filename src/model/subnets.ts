import type { Subnet } from './ipv4.js';

/** A network, and whose it is. */
export interface OwnedSubnet<Owner> {
  subnet: Subnet;
  owner: Owner;
}

/**
 * Networks and whose they are, to be asked for overlaps. Of two networks that overlap one is in the
 * other, so an answer takes as long as a prefix, however many networks there are.
 */
export class SubnetIndex<Owner> {
  readonly #all = new Map<string, OwnedSubnet<Owner>>();
  /** What is in each network, the first of it. */
  readonly #within = new Map<string, OwnedSubnet<Owner>>();

  /** Of two that are the same network the first counts. */
  add(owner: Owner, subnet: Subnet): void {
    const added = { owner, subnet };
    const places = enclosingNetworks(subnet);
    if (!this.#all.has(places[0] as string)) this.#all.set(places[0] as string, added);
    for (const place of places) if (!this.#within.has(place)) this.#within.set(place, added);
  }

  /** One of those that overlap a network: the first that is in it, else one that it is in. */
  overlapping(subnet: Subnet): OwnedSubnet<Owner> | undefined {
    const places = enclosingNetworks(subnet);
    const around = places.map((place) => this.#all.get(place)).find(Boolean);
    return this.#within.get(places[0] as string) ?? around;
  }
}

/** A network and those that it is in, from its own prefix to /0. */
function enclosingNetworks({ network, prefix }: Subnet): string[] {
  return Array.from({ length: prefix + 1 }, (_, index) => {
    const length = prefix - index;
    return `${network - (network % 2 ** (32 - length))}/${length}`;
  });
}
