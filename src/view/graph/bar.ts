import { safe, shorten } from '../../model/printable.js';
import { bridgeLabels } from './labels.js';
import { LINES } from './palette.js';
import { BAR_HEIGHT, type Bar } from './picture.js';

const PAD = 14;
/** Widths of a character in pixels, slightly more than in most fonts. */
const NAME = 7.85;
const MONO = 7.25;
const PILL = 6.9;
/** Minimum width of a name. */
const LEAST = 9 * NAME;

/** A bridge with as many of its labels as fit; the tooltip has all. */
export function drawBar({ top, index, y }: Bar, width: number): string {
  const box = `<rect x="0.75" y="${y + 0.75}" width="${width - 1.5}" height="${BAR_HEIGHT - 1.5}" rx="8"/>`;
  if (typeof top === 'string') {
    const text = `<text class="soft" x="${PAD}" y="${y + 21}">${safe(top)}</text>`;
    return `<g class="bar nowhere">${box}${text}</g>`;
  }
  const { subnet, marks } = bridgeLabels(top);
  const shown = fitting(marks, width);
  const room = width - 2 * PAD - sum(shown.map(pillWidth));
  const name = shorten(top.name, Math.floor(room / NAME));
  const used = name.length * NAME + 12;
  const beside = subnet.length * MONO <= room - used;
  return [
    `<g class="bar l${index % LINES}${top.state === 'missing' ? ' lost' : ''}">`,
    `<title>${safe(['bridge', top.name, subnet, ...marks].join(' · '))}</title>${box}`,
    `<text class="mono name" x="${PAD}" y="${y + 21}">${safe(name)}</text>`,
    beside
      ? `<text class="mono soft" x="${round(PAD + used)}" y="${y + 21}">${safe(subnet)}</text>`
      : '',
    ...pills(shown, width, y),
    '</g>',
  ].join('');
}

/** As many marks as leave room for a name. */
function fitting(marks: string[], width: number): string[] {
  return marks.filter(
    (_, index) => sum(marks.slice(0, index + 1).map(pillWidth)) <= width - 2 * PAD - LEAST,
  );
}

/** Drawn from the right edge. */
function pills(marks: string[], width: number, y: number): string[] {
  let right = width - 7;
  return [...marks].reverse().map((mark) => {
    const wide = pillWidth(mark) - 6;
    const x = right - wide;
    right = x - 6;
    const alarm = mark === 'missing' || mark === 'down' ? ' alarm' : '';
    return (
      `<rect class="pill${alarm}" x="${round(x)}" y="${y + 7}" width="${round(wide)}" height="${BAR_HEIGHT - 14}" rx="9"/>` +
      `<text class="small" x="${round(x + wide / 2)}" y="${y + 20}" text-anchor="middle">${safe(mark)}</text>`
    );
  });
}

const pillWidth = (mark: string) => mark.length * PILL + 22;
const sum = (numbers: number[]) => numbers.reduce((all, each) => all + each, 0);
const round = (number: number) => Math.round(number * 10) / 10;
