import type { Topology } from '../../model/topology.js';
import { svgInline } from './svg.js';

/** Pixels for phones, tablets and desks; graph.css shows the one that fits. */
const ROOMS = { small: 326, middle: 668, large: 1096 };

/** The same picture laid out for several widths: without a script, a page can only choose. */
export function responsive(topology: Topology, href?: (container: string) => string): string {
  return Object.entries(ROOMS)
    .map(([name, room]) => `<div class="room ${name}">${svgInline(topology, room, href)}</div>`)
    .join('\n');
}
