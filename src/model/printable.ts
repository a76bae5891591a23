/**
 * C0, DEL and C1 control characters, bidirectional marks, embeddings, overrides and isolates (UAX
 * #9), and line and paragraph separators: a terminal or a page would interpret them.
 */
const ACTS = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** The same without C0, which JSON escapes itself, and without the newlines of indented JSON. */
const ACTS_IN_JSON = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Escapes untrusted text (from containers, images, files, proxies, registries) into one harmless
 * line: every character that a terminal or page would interpret is written as `\u001b`; tabs are
 * kept. This is the only function between such text and an output; only `logs`, `exec`, `run` and
 * `cp` print raw text.
 */
export function printable(text: string): string {
  return text.replace(ACTS, (each) => (each === '\t' ? each : escaped(each)));
}

/** The same for multi-line text; line breaks are kept. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/**
 * Serializes a value for output. Unlike `JSON.stringify` it also escapes DEL, C1 and bidirectional
 * characters, as `\u009b`. Parsing gives the same value.
 */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(ACTS_IN_JSON, escaped);
}

function escaped(character: string): string {
  return `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`;
}

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
