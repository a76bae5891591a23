/**
 * C0, DEL and C1 control characters, the bidirectional marks, embeddings, overrides and isolates
 * (UAX #9), and the line and paragraph separators: a terminal or a page would act on them.
 */
const ACTS = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** The same without C0, which JSON escapes itself, and without the newlines that lay JSON out. */
const ACTS_IN_JSON = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Text of strangers (containers, images, files, proxies, registries) as one harmless line: every
 * character that a terminal or page would act on is written as `\u001b`; a tab stays. The only
 * function between such text and an output; raw text leaves by `logs`, `exec`, `run` and `cp` alone.
 */
export function printable(text: string): string {
  return text.replace(ACTS, (each) => (each === '\t' ? each : escaped(each)));
}

/** The same for text of several lines, which stay lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/**
 * A value as JSON for an output: `JSON.stringify` leaves DEL, C1 and bidirectional characters as they
 * are, which are written as `\u009b` here. The value that it stands for is the same.
 */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(ACTS_IN_JSON, escaped);
}

function escaped(character: string): string {
  return `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`;
}
