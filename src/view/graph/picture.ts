import type { BridgeNode, ContainerNode } from '../../model/topology.js';

/** A picture in pixels, from its upper left corner: bridges as bars, containers hanging on them. */
export interface Picture {
  width: number;
  height: number;
  /** Width of every card. */
  card: number;
  bars: Bar[];
  hulls: Hull[];
  cards: Card[];
  wires: Wire[];
}

/** Spans the whole width. */
export interface Bar {
  /** The bridge, or a heading above those that are on none. */
  top: BridgeNode | string;
  /** Position among the bridges: decides its colour. */
  index: number;
  y: number;
}

/** Drawn around the servers of a farm. */
export interface Hull {
  farm: string;
  y: number;
  width: number;
  height: number;
}

export interface Card {
  container: ContainerNode;
  /** Names of the bridges it is on, the nearest to the host first. */
  bridges: string[];
  lines: Line[];
  column: number;
  x: number;
  y: number;
  height: number;
  /** Alone between its bar and the next: a line comes straight down to it. */
  straight: boolean;
}

/** What a card says below the state. */
export type Line =
  /** An empty address on a bridge without a subnet. */
  | { kind: 'address'; bridge: string; text: string }
  | { kind: 'proxy' | 'publish' | 'volume'; text: string };

/** A line between a bar and a card; drawn below the bars, so that it passes under those in between. */
export interface Wire {
  /** Position of the bridge: decides the colour. */
  index: number;
  /** SVG path data. */
  path: string;
  /** Where it meets the bar. */
  plug: { x: number; y: number };
}

/** Heights in pixels. */
export const BAR_HEIGHT = 32;
export const HULL_HEAD = 30;
/** Name and state, with the room above and below. */
export const CARD_BASE = 52;
/** What is said besides: addresses, volumes. */
export const CARD_LINE = 16;
