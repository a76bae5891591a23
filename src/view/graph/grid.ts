import type { Band } from './bands.js';

/**
 * One grid for the whole picture. Left of each column the lines come down that lead to its cards,
 * right of it those leave that lead on to other bridges: so no line ever runs through a card.
 */
export interface Grid {
  columns: number;
  /** Width of a card; all sizes in pixels. */
  card: number;
  width: number;
  /** Left edge of a column's cards. */
  left(column: number): number;
  /** Where the lines come down to a column's cards. */
  riser(column: number): number;
  /** Where those leave for a bridge, by its number among those that are led on to. */
  lane(column: number, index: number): number;
}

const RISER = 24;
const LANE = 9;
const NARROWEST = 172;
const WIDEST = 280;

/**
 * @param room width there is for all
 * @param least width the picture has at least
 * @param lanes number of bridges that are led on to
 */
export function gridFor(bands: Band[], room: number, least: number, lanes: number): Grid {
  const gutter = RISER + (lanes === 0 ? 0 : 4 + LANE * lanes);
  const fit = Math.max(1, Math.floor(room / (NARROWEST + gutter)));
  const blocks = bands.flatMap((band) => band.blocks);
  const columns = Math.max(1, ...blocks.map(({ containers }) => balanced(containers.length, fit)));
  const share = Math.floor(room / columns) - gutter;
  const card = Math.min(WIDEST, share);
  const cell = card + gutter;
  const left = (column: number) => column * cell + RISER;
  return {
    columns,
    card,
    width: Math.max(columns * cell, Math.min(room, least)),
    left,
    riser: (column) => left(column) - 12,
    lane: (column, index) => left(column) + card + 8 + LANE * index,
  };
}

/** As few columns as fill the same number of rows. */
function balanced(count: number, fit: number): number {
  return Math.ceil(count / Math.ceil(count / fit));
}
