import type { Tone } from '../../model/topology.js';
import { safe, shorten } from '../markup.js';
import { LINES } from './palette.js';
import { CARD_BASE, CARD_LINE, type Card } from './picture.js';
import { stateWords } from './words.js';

const PAD = 12;
/** Where text begins beside a mark. */
const INDENT = 28;
/** Widths of a sign, in pixels; a little more than most fonts have. */
const NAME = 7.85;
const SMALL = 6.65;
const WORD = 7.1;

/** @param order names of all bridges, for their colours */
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
    ...linesOf(card, width, order),
    close,
  ].join('');
}

/** All there is to say of it, for a tooltip and for those who listen. */
function aboutOf({ container, bridges, proxyOf }: Card): string {
  const { name, image, addresses, volumes } = container;
  return [
    name,
    stateWords(container),
    `image ${image}`,
    ...bridges.map((bridge) => `${bridge} ${addresses[bridge] ?? 'without an address'}`),
    ...(proxyOf === undefined ? [] : [`proxy of farm ${proxyOf}`]),
    ...(volumes.length > 0 ? [`volumes ${volumes.join(', ')}`] : []),
  ].join(' · ');
}

/** Shapes besides colours: not everyone sees these. */
function markOf(tone: Tone, x: number, y: number): string {
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

/** Name, image and state; the image gives way to the name. */
function headOf({ container, x, y }: Card, width: number): string[] {
  const { name, image } = container;
  const shown = shorten(name, Math.floor((width - INDENT - PAD) / NAME));
  const left = width - INDENT - PAD - 10 - shown.length * NAME;
  const room = Math.floor(left / SMALL);
  const words = shorten(stateWords(container), Math.floor((width - INDENT - PAD) / WORD));
  return [
    `<text class="mono name" x="${x + INDENT}" y="${y + 24}">${safe(shown)}</text>`,
    room < 4
      ? ''
      : `<text class="mono small soft" x="${x + width - PAD}" y="${y + 24}" text-anchor="end">${safe(shorten(image, room))}</text>`,
    `<text class="state" x="${x + INDENT}" y="${y + 41}">${safe(words)}</text>`,
  ];
}

function linesOf(card: Card, width: number, order: string[]): string[] {
  const { container, bridges, proxyOf, x, y } = card;
  const room = Math.floor((width - INDENT - PAD) / SMALL);
  const text = (words: string) => `<tspan>${safe(shorten(words, room))}</tspan>`;
  const lines = [
    ...bridges.map((bridge) => ({
      icon: (at: number) =>
        `<rect class="l${order.indexOf(bridge) % LINES}" x="${x + 13}" y="${at - 8}" width="8" height="8" rx="2"/>`,
      text: addressText(container.addresses[bridge] ?? '', bridge, room),
    })),
    ...(proxyOf === undefined
      ? []
      : [{ icon: (at: number) => fork(x + 13, at - 8), text: text(`proxy of ${proxyOf}`) }]),
    ...(container.volumes.length === 0
      ? []
      : [
          {
            icon: (at: number) => cylinder(x + 13, at - 9),
            text: text(container.volumes.join(', ')),
          },
        ]),
  ];
  return lines.map(({ icon, text: words }, index) => {
    const at = y + CARD_BASE + 7 + CARD_LINE * index;
    return `${icon(at)}<text class="mono small" x="${x + INDENT}" y="${at}">${words}</text>`;
  });
}

function addressText(address: string, bridge: string, room: number): string {
  const left = room - address.length - 1;
  const name = left < 3 ? '' : shorten(bridge, left);
  const gap = address === '' || name === '' ? '' : ' ';
  return `${safe(address)}${gap}<tspan class="soft">${safe(name)}</tspan>`;
}

const fork = (x: number, y: number) =>
  `<path class="icon" d="M${x} ${y + 4}h3m0 0l4-3.5m-4 3.5l4 3.5m-4-3.5h5"/>`;

const cylinder = (x: number, y: number) =>
  `<path class="icon" d="M${x} ${y + 2}v6c0 2.4 8 2.4 8 0v-6m-8 0c0 2.4 8 2.4 8 0c0-2.4-8-2.4-8 0"/>`;
