import { formatBytes } from '../../../model/format.js';
import { safe } from '../../../model/printable.js';
import type { Severity } from '../../../model/topology.js';

/** The anchor of a container's row. */
export const anchorOf = (container: string) => `container-${container}`;

/** A dot whose shape means the same as its color. */
export function mark(tone: Severity): string {
  return `<svg class="mark ${tone}" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">${SHAPES[tone]}</svg>`;
}

const SHAPES: Record<Severity, string> = {
  good: '<circle class="full" cx="6" cy="6" r="5"/>',
  wait: '<circle class="ring" cx="6" cy="6" r="4.5"/><path class="full" d="M6 1.5a4.5 4.5 0 0 1 0 9z"/>',
  bad: '<circle class="full" cx="6" cy="6" r="5"/><path class="cross" d="M4 4l4 4m0-4l-4 4"/>',
  idle: '<circle class="ring" cx="6" cy="6" r="4.5"/>',
};

/** A bar that shows how much of a limit is used; empty without a limit. */
export function gauge(used: number, limit: number | undefined): string {
  if (limit === undefined || limit <= 0) return '';
  const share = Math.min(100, (100 * used) / limit);
  const full = share >= 90 ? ' high' : '';
  return (
    `<svg class="gauge${full}" viewBox="0 0 100 5" preserveAspectRatio="none" aria-hidden="true">` +
    `<rect class="track" width="100" height="5"/><rect class="used" width="${share.toFixed(1)}" height="5"/></svg>`
  );
}

/** Values over time, newest on the right; `top` is the value at the upper edge. */
export function sparkline(values: readonly number[], top: number, places: number): string {
  const step = 100 / (places - 1);
  const from = places - values.length;
  const points = values.map((value, index) => {
    const height = 20 - (19 * Math.min(value, top)) / top;
    return `${((from + index) * step).toFixed(1)},${height.toFixed(1)}`;
  });
  return (
    '<svg class="spark" viewBox="0 0 100 21" preserveAspectRatio="none" aria-hidden="true">' +
    `<polyline points="${points.join(' ')}" vector-effect="non-scaling-stroke"/></svg>`
  );
}

/** A table cell; narrow screens show its label beside it. */
export function cell(label: string, html: string, kind = ''): string {
  return `<td data-label="${safe(label)}"${kind === '' ? '' : ` class="${kind}"`}>${html}</td>`;
}

/** A number and its label. */
export function tile(value: string, label: string, kind = ''): string {
  return `<div class="tile ${kind}"><dt>${safe(label)}</dt><dd>${safe(value)}</dd></div>`;
}

export const perSecond = (bytes: number) => `${roughly(bytes)}/s`;

/** `12.3M`: three significant digits. */
export function roughly(bytes: number): string {
  const text = formatBytes(Math.round(bytes));
  const [, number = '', unit = ''] = /^([\d.]+)(.*)$/.exec(text) ?? [];
  return `${Number(Number(number).toPrecision(3))}${unit}`;
}
