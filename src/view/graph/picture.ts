import type { BridgeNode, ContainerNode } from '../../model/topology.js';

/** A picture in pixels, from its upper left corner: bridges as bars, with containers below them. */
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
  /** The bridge, or a heading above containers without one. */
  top: BridgeNode | string;
  /** Position among the bridges, which selects its color. */
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
  /** Names of its bridges, the nearest to the host first. */
  bridges: string[];
  lines: Line[];
  column: number;
  x: number;
  y: number;
  height: number;
  /** The only card between its bar and the next: its line goes straight down. */
  straight: boolean;
}

/** A line of text below the state. */
export type Line =
  /** An empty address on a bridge without a subnet. */
  | { kind: 'address'; bridge: string; text: string }
  | { kind: 'proxy' | 'publish' | 'volume'; text: string };

/** A line between a bar and a card, drawn below the bars that it crosses. */
export interface Wire {
  /** Position of the bridge, which selects the color. */
  index: number;
  /** SVG path data. */
  path: string;
  /** Where it meets the bar. */
  plug: { x: number; y: number };
}

/** Heights in pixels. */
export const BAR_HEIGHT = 32;
export const HULL_HEAD = 30;
/** Name and state, with padding. */
export const CARD_BASE = 52;
/** Each further line: an address, volumes. */
export const CARD_LINE = 16;
