import { printable } from '../model/printable.js';

/** Any text as content or in an attribute of HTML or SVG; signs that act on a screen are escaped. */
export function safe(text: string): string {
  return printable(text).replace(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0)};`);
}

/** At most so many signs, the middle left out: what tells names apart is often at their end. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.floor((most - 1) / 3);
  return `${text.slice(0, Math.max(0, most - 1 - tail))}…${text.slice(text.length - tail)}`;
}
