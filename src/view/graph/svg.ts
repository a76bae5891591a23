import { safe } from '../../model/printable.js';
import type { Topology } from '../../model/topology.js';
import { drawBar } from './bar.js';
import { drawCard } from './card.js';
import css from './graph.css?raw';
import { farmText, summaryText } from './labels.js';
import { layOut } from './layout.js';
import { LINES, spelledOut } from './palette.js';
import { HULL_HEAD, type Hull, type Picture, type Wire } from './picture.js';

/** Margin in pixels, and the height of the title. */
const MARGIN = 28;
const HEAD = 64;
/** Width in pixels that fits a printed page or a browser window. */
const ROOM = 1100;
/** Minimum width in pixels of a bar with its labels. */
const LEAST = 520;

/**
 * A standalone picture, light or dark as the reader prefers.
 *
 * @param at when the host was observed, as text
 */
export function svgFile(topology: Topology, at: string): string {
  const picture = layOut(topology, ROOM, LEAST);
  const [width, height] = [picture.width + 2 * MARGIN, picture.height + HEAD + 2 * MARGIN];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="graph" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<title>${safe(`Stack ${topology.stack}`)}</title>`,
    `<style>\n${spelledOut(`${css}svg{background:var(--ground)}\n`)}</style>`,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    `<g transform="translate(${MARGIN} ${MARGIN})">`,
    `<text class="heading" y="17">${safe(topology.stack)}</text>`,
    `<text class="soft" y="39">${safe(`${summaryText(topology)} · ${at}`)}</text>`,
    `<g transform="translate(0 ${HEAD})">`,
    drawing(topology, picture),
    '</g></g></svg>\n',
  ].join('\n');
}

/**
 * The same picture, for a page that has the style sheet and the colors.
 *
 * @param room its width in pixels
 * @param href link target of a container's card
 */
export function svgInline(
  topology: Topology,
  room: number,
  href?: (container: string) => string,
): string {
  const picture = layOut(topology, room);
  const { width, height } = picture;
  return [
    `<svg class="graph" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="group" aria-label="${safe(`Bridges and containers of ${topology.stack}`)}">`,
    drawing(topology, picture, href),
    '</svg>',
  ].join('\n');
}

function drawing(
  topology: Topology,
  { width, hulls, wires, bars, cards, card }: Picture,
  href?: (container: string) => string,
): string {
  const order = topology.bridges.map(({ name }) => name);
  return [
    ...hulls.map((hull) => drawHull(hull, topology)),
    ...wires.map(drawWire),
    ...bars.map((bar) => drawBar(bar, width)),
    ...wires.map(drawPlug),
    ...cards.map((each) => drawCard(each, card, order, href?.(each.container.name))),
  ].join('\n');
}

function drawHull({ farm, y, width, height }: Hull, topology: Topology): string {
  const servers = topology.farms.find(({ name }) => name === farm)?.servers ?? [];
  return [
    `<rect class="hull" x="0.5" y="${y + 0.5}" width="${width - 1}" height="${height - 1}" rx="12"/>`,
    `<text x="24" y="${y + HULL_HEAD - 10}">farm <tspan class="mono name">${safe(farm)}</tspan>`,
    `<tspan class="soft" dx="8">${farmText({ servers }, topology)}</tspan></text>`,
  ].join('');
}

const drawWire = ({ index, path }: Wire) =>
  `<g class="l${index % LINES}"><path class="wire" d="${path}"/></g>`;

const drawPlug = ({ index, plug }: Wire) =>
  `<g class="l${index % LINES}"><circle class="plug" cx="${plug.x}" cy="${plug.y}" r="4"/></g>`;
