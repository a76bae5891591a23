/** User and group ids of the host that stand for 0 and up inside one container. */
export interface IdRange {
  first: number;
  count: number;
}

/** 0 to 65534, and nogroup: as many as user_namespaces(7) needs for an ordinary system. */
const COUNT = 65_536;

/**
 * What systemd's list of ids (https://systemd.io/UIDS-GIDS) leaves unused below 2^31; useradd(8)
 * gives out subordinate ids far below.
 */
const FIRST = 0x7000_0000;
export const ID_RANGES = 4094;

/** The range of a number from 0 to ID_RANGES - 1. */
export function idRange(number: number): IdRange {
  return { first: FIRST + number * COUNT, count: COUNT };
}
