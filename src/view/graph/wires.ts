import type { Grid } from './grid.js';
import { BAR_HEIGHT, type Bar, type Card, type Picture, type Wire } from './picture.js';

/** Distance from a card's upper edge to the end of lines from the side. */
const PORT = 20;
const CURVE = 7;
/** Distance between two lines that leave one card. */
const APART = 18;
const PORTS_APART = 12;

export function wiresOf(
  { bars, cards }: Pick<Picture, 'bars' | 'cards'>,
  grid: Grid,
  onward: string[],
): Wire[] {
  const barOf = new Map(bars.map((bar) => [nameOf(bar), bar]));
  return cards.flatMap((card) => {
    const [home, ...others] = card.bridges.map((name) => barOf.get(name) as Bar);
    const down = others.filter((bar) => isFree(card, bar, cards));
    const aside = others.filter((bar) => !down.includes(bar));
    const lane = (bar: Bar) => grid.lane(card.column, onward.indexOf(nameOf(bar) ?? ''));
    return [
      ...(home ? [homeWire(card, home, grid)] : []),
      ...down.map((bar, place) => straightDown(card, bar, grid, place - (down.length - 1) / 2)),
      ...aside.map((bar, place) => alongLane(card, bar, lane(bar), grid, place)),
    ];
  });
}

const nameOf = ({ top }: Bar) => (typeof top === 'string' ? undefined : top.name);

/** Whether there is no card between this one and a bar below it. */
function isFree(card: Card, bar: Bar, cards: Card[]): boolean {
  const between = (other: Card) => other.y > card.y && other.y < bar.y;
  return !cards.some((other) => other.column === card.column && between(other));
}

function homeWire({ column, x, y, straight }: Card, { index, y: top }: Bar, grid: Grid): Wire {
  const from = top + BAR_HEIGHT;
  if (straight) {
    const middle = x + grid.card / 2;
    return { index, path: `M${middle} ${from}V${y}`, plug: { x: middle, y: from } };
  }
  const riser = grid.riser(column);
  const turn = `V${y + PORT - CURVE}q0 ${CURVE} ${CURVE} ${CURVE}H${x}`;
  return { index, path: `M${riser} ${from}${turn}`, plug: { x: riser, y: from } };
}

function straightDown({ x, y, height }: Card, { index, y: to }: Bar, grid: Grid, off: number) {
  const middle = x + grid.card / 2 + off * APART;
  return { index, path: `M${middle} ${y + height}V${to}`, plug: { x: middle, y: to } };
}

function alongLane(card: Card, bar: Bar, lane: number, grid: Grid, place: number): Wire {
  const from = card.y + PORT + place * PORTS_APART;
  const start = `M${card.x + grid.card} ${from}H${lane - CURVE}`;
  const path = `${start}q${CURVE} 0 ${CURVE} ${CURVE}V${bar.y}`;
  return { index: bar.index, path, plug: { x: lane, y: bar.y } };
}
