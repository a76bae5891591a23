import type { Band } from './bands.js';

/**
 * One grid for the whole picture. Lines to the cards of a column run on its left, lines from them to
 * other bridges on its right, so that no line crosses a card.
 */
export interface Grid {
  columns: number;
  /** Width of a card; all sizes in pixels. */
  card: number;
  width: number;
  /** Left edge of a column's cards. */
  left(column: number): number;
  /** X coordinate of the lines down to a column's cards. */
  riser(column: number): number;
  /** X coordinate of the lines on to another bridge, by its index among those bridges. */
  lane(column: number, index: number): number;
}

const RISER = 24;
const LANE = 9;
const NARROWEST = 172;
const WIDEST = 280;

/**
 * @param room available width
 * @param least minimum width of the picture
 * @param lanes number of bridges that lines lead on to
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

/** The fewest columns that need the same number of rows. */
function balanced(count: number, fit: number): number {
  return Math.ceil(count / Math.ceil(count / fit));
}
