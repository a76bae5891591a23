import type { Subnet } from './ipv4.js';

/** A network, and whose it is. */
export interface Owned<Owner> {
  subnet: Subnet;
  owner: Owner;
}

/**
 * Networks and whose they are, to be asked for overlaps. Of two networks that overlap one is in the
 * other, so an answer takes as long as a prefix, however many networks there are.
 */
export class Subnets<Owner> {
  readonly #all = new Map<string, Owned<Owner>>();
  /** What is in each network, the first of it. */
  readonly #within = new Map<string, Owned<Owner>>();

  /** Of two that are the same network the first counts. */
  add(owner: Owner, subnet: Subnet): void {
    const added = { owner, subnet };
    const places = placesOf(subnet);
    if (!this.#all.has(places[0] as string)) this.#all.set(places[0] as string, added);
    for (const place of places) if (!this.#within.has(place)) this.#within.set(place, added);
  }

  /** One of those that overlap a network: the first that is in it, else one that it is in. */
  overlapping(subnet: Subnet): Owned<Owner> | undefined {
    const places = placesOf(subnet);
    const around = places.map((place) => this.#all.get(place)).find(Boolean);
    return this.#within.get(places[0] as string) ?? around;
  }
}

/** A network and those that it is in, from its own prefix to /0. */
function placesOf({ network, prefix }: Subnet): string[] {
  return Array.from({ length: prefix + 1 }, (_, index) => {
    const length = prefix - index;
    return `${network - (network % 2 ** (32 - length))}/${length}`;
  });
}
