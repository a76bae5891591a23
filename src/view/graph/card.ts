import { safe, shorten } from '../../model/printable.js';
import type { Severity } from '../../model/topology.js';
import { stateText } from './labels.js';
import { LINES } from './palette.js';
import { CARD_BASE, CARD_LINE, type Card, type Line } from './picture.js';

const PAD = 12;
/** Left edge of text beside a mark. */
const INDENT = 28;
/** Widths of a character in pixels, slightly more than in most fonts. */
const NAME = 7.85;
const SMALL = 6.65;
const WORD = 7.1;

/** @param order names of all bridges, for their colors */
export function drawCard(card: Card, width: number, order: string[], href?: string): string {
  const { container, x, y, height } = card;
  const about = aboutOf(card);
  const label = `aria-label="${safe(about)}"`;
  const [open, close] =
    href === undefined
      ? [`<g class="card ${container.tone}" role="img" ${label}>`, '</g>']
      : [`<a class="card ${container.tone}" href="${safe(href)}" ${label}>`, '</a>'];
  return [
    open,
    `<title>${safe(about)}</title>`,
    `<rect class="box" x="${x + 0.5}" y="${y + 0.5}" width="${width - 1}" height="${height - 1}" rx="8"/>`,
    markOf(container.tone, x + 17, y + 19.5),
    ...headOf(card, width),
    ...card.lines.map((line, index) => drawLine(line, index, card, width, order)),
    close,
  ].join('');
}

/** A full description, for the tooltip and for screen readers. */
function aboutOf({ container, lines }: Card): string {
  const { name, image } = container;
  return [name, stateText(container), `image ${image}`, ...lines.map(lineAbout)].join(' · ');
}

function lineAbout(line: Line): string {
  switch (line.kind) {
    case 'address':
      return `${line.bridge} ${line.text || 'without an address'}`;
    case 'publish':
      return `port ${line.text}`;
    case 'volume':
      return `volumes ${line.text}`;
    case 'proxy':
      return line.text;
  }
}

/** Shapes in addition to colors, which not everyone can tell apart. */
function markOf(tone: Severity, x: number, y: number): string {
  const circle = (kind: string) => `<circle class="mark ${kind}" cx="${x}" cy="${y}" r="4.5"/>`;
  switch (tone) {
    case 'good':
      return circle('full');
    case 'idle':
      return circle('ring');
    case 'wait':
      return `${circle('ring')}<path class="full" d="M${x} ${y - 4.5}a4.5 4.5 0 0 1 0 9z"/>`;
    case 'bad':
      return `${circle('full')}<path class="cross" d="M${x - 2} ${y - 2}l4 4m0-4l-4 4"/>`;
  }
}

/** Name, image and state; the image is shortened first. */
function headOf({ container, x, y }: Card, width: number): string[] {
  const { name, image } = container;
  const shown = shorten(name, Math.floor((width - INDENT - PAD) / NAME));
  const left = width - INDENT - PAD - 10 - shown.length * NAME;
  const room = Math.floor(left / SMALL);
  const state = shorten(stateText(container), Math.floor((width - INDENT - PAD) / WORD));
  return [
    `<text class="mono name" x="${x + INDENT}" y="${y + 24}">${safe(shown)}</text>`,
    room < 4
      ? ''
      : `<text class="mono small soft" x="${x + width - PAD}" y="${y + 24}" text-anchor="end">${safe(shorten(image, room))}</text>`,
    `<text class="state" x="${x + INDENT}" y="${y + 41}">${safe(state)}</text>`,
  ];
}

function drawLine(line: Line, index: number, card: Card, width: number, order: string[]): string {
  const [x, y] = [card.x, card.y + CARD_BASE + 7 + CARD_LINE * index];
  const room = Math.floor((width - INDENT - PAD) / SMALL);
  const [icon, text] =
    line.kind === 'address'
      ? [square(x + 13, y - 8, order.indexOf(line.bridge)), addressText(line, room)]
      : [
          `<path class="icon" transform="translate(${x + 13} ${y - 8})" d="${ICONS[line.kind]}"/>`,
          safe(shorten(line.text, room)),
        ];
  return `${icon}<text class="mono small" x="${x + INDENT}" y="${y}">${text}</text>`;
}

function addressText({ text, bridge }: { text: string; bridge: string }, room: number): string {
  const left = room - text.length - 1;
  const name = left < 3 ? '' : shorten(bridge, left);
  const gap = text === '' || name === '' ? '' : ' ';
  return `${safe(text)}${gap}<tspan class="soft">${safe(name)}</tspan>`;
}

const square = (x: number, y: number, index: number) =>
  `<rect class="l${index % LINES}" x="${x}" y="${y}" width="8" height="8" rx="2"/>`;

/** A fork, an arrow through a wall, a cylinder. */
const ICONS: Record<Exclude<Line['kind'], 'address'>, string> = {
  proxy: 'M0 4h3l4-3.5m-4 3.5l4 3.5m-4-3.5h5',
  publish: 'M0 4h8m-3-3l3 3l-3 3M0 .5v7',
  volume: 'M0 1v6c0 2.4 8 2.4 8 0v-6m-8 0c0 2.4 8 2.4 8 0c0-2.4-8-2.4-8 0',
};
