import { printable } from '../model/printable.js';

/** Escapes text for content and attributes of HTML and SVG, including control characters. */
export function safe(text: string): string {
  return printable(text).replace(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0)};`);
}

/** Shortens text in the middle, because names often differ at their end. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.floor((most - 1) / 3);
  return `${text.slice(0, Math.max(0, most - 1 - tail))}…${text.slice(text.length - tail)}`;
}
