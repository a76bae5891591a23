import type { ContainerNode, Topology } from '../../model/topology.js';
import { type Band, type Block, bandsOf } from './bands.js';
import { type Grid, gridFor } from './grid.js';
import { linesOf } from './labels.js';
import { BAR_HEIGHT, CARD_BASE, CARD_LINE, type Card, HULL_HEAD, type Picture } from './picture.js';
import { wiresOf } from './wires.js';

/** Distance from a bar to its cards, and from these to the next bar. */
const DROP = 26;
const ROW_GAP = 14;
const HULL_FOOT = 12;

/**
 * @param room maximum width in pixels
 * @param least minimum width
 */
export function layOut(topology: Topology, room: number, least = room): Picture {
  const bands = bandsOf(topology);
  const onward = bridgesLedOnTo(topology);
  const grid = gridFor(bands, room, least, onward.length);
  const picture: Picture = {
    width: grid.width,
    height: 0,
    card: grid.card,
    bars: [],
    hulls: [],
    cards: [],
    wires: [],
  };
  for (const band of bands) {
    if (band !== bands[0]) picture.height += DROP;
    placeBand(band, topology, grid, picture);
  }
  picture.wires = wiresOf(picture, grid, onward);
  return picture;
}

/** Bridges that are not the first bridge of some container on them. */
function bridgesLedOnTo({ bridges, containers }: Topology): string[] {
  const order = bridges.map(({ name }) => name);
  const later = containers.flatMap(({ addresses }) =>
    order.filter((name) => name in addresses).slice(1),
  );
  return order.filter((name) => later.includes(name));
}

function placeBand({ top, blocks }: Band, topology: Topology, grid: Grid, picture: Picture): void {
  const index = typeof top === 'string' ? -1 : topology.bridges.indexOf(top);
  picture.bars.push({ top, index, y: picture.height });
  picture.height += BAR_HEIGHT;
  for (const [position, block] of blocks.entries()) {
    picture.height += position === 0 ? DROP : ROW_GAP;
    placeBlock(block, position === 0, topology, grid, picture);
  }
}

function placeBlock(
  { farm, containers }: Block,
  first: boolean,
  topology: Topology,
  grid: Grid,
  picture: Picture,
): void {
  const top = picture.height;
  const columns = Math.min(containers.length, grid.columns);
  if (farm !== undefined) picture.height += HULL_HEAD;
  const straight = first && farm === undefined && containers.length <= grid.columns;
  for (let from = 0; from < containers.length; from += columns) {
    if (from > 0) picture.height += ROW_GAP;
    placeRow(containers.slice(from, from + columns), straight, topology, grid, picture);
  }
  if (farm === undefined) return;
  picture.height += HULL_FOOT;
  const width = columns === grid.columns ? grid.width : grid.left(columns) - 12;
  picture.hulls.push({ farm, y: top, width, height: picture.height - top });
}

function placeRow(
  row: ContainerNode[],
  straight: boolean,
  topology: Topology,
  grid: Grid,
  picture: Picture,
): void {
  const cards = row.map((container, column): Card => {
    const bridges = topology.bridges.map(({ name }) => name);
    return {
      container,
      bridges: bridges.filter((name) => name in container.addresses),
      lines: linesOf(container, topology),
      column,
      x: grid.left(column),
      y: picture.height,
      height: 0,
      straight,
    };
  });
  const most = Math.max(...cards.map(({ lines }) => lines.length));
  const height = CARD_BASE + CARD_LINE * most;
  picture.cards.push(...cards.map((card) => ({ ...card, height })));
  picture.height += height;
}
