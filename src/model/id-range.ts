/** User and group ids of the host that are mapped to 0 and up in one container. */
export interface IdRange {
  first: number;
  count: number;
}

/** As many ids as an ordinary system needs: 0 to 65534 and nogroup (user_namespaces(7)). */
const COUNT = 65_536;

/**
 * Unassigned in systemd's list of ids (https://systemd.io/UIDS-GIDS), below 2^31, and far above the
 * subordinate ids of useradd(8).
 */
const FIRST = 0x7000_0000;
export const ID_RANGES = 4094;

/** The range of a number from 0 to ID_RANGES - 1. */
export function idRange(number: number): IdRange {
  return { first: FIRST + number * COUNT, count: COUNT };
}
