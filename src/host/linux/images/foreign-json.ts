import { UserError } from '../../../model/errors.js';
import { printable } from '../../../model/printable.js';

/**
 * Maximum bytes of a manifest or configuration; same as in containers/image (internal/iolimits).
 */
export const MAX_TEXT = 4 * 1024 ** 2;

/**
 * Maximum nesting depth; no known manifest or configuration reaches ten. Parsed data is traversed
 * recursively.
 */
const MAX_DEPTH = 100;

/**
 * Parses a manifest, an index or a configuration of another tool. Checks the depth before parsing:
 * four million brackets would take hundreds of megabytes.
 *
 * @param name of the part, for the message: `manifest.json`
 * @throws UserError if it is too large, too deep or not JSON
 */
export function parseForeign(text: string, name: string, what: string): unknown {
  const refuse = (cause: string) => {
    const part = shownName(name);
    return new UserError(`cannot use ${what}: its ${part} ${cause}`);
  };
  if (text.length > MAX_TEXT) throw refuse('is larger than 4 MiB');
  if (isTooDeep(text)) throw refuse(`is nested more than ${MAX_DEPTH} levels deep`);
  try {
    return JSON.parse(text);
  } catch {
    throw refuse('is not JSON');
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === BRACE || code === BRACKET) depth++;
    else if (code === BRACE + 2 || code === BRACKET + 2) depth--;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

/** Closing brackets are two code points after the opening ones. */
const [BRACE, BRACKET, QUOTE, BACKSLASH] = [0x7b, 0x5b, 0x22, 0x5c];

/** Maximum characters of a name in a message, and maximum number of names. */
const MAX_NAME = 200;
const MAX_NAMES = 10;

/** A name from an archive or manifest for a message: one safe line of limited length. */
export function shownName(name: string): string {
  const short = name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name;
  return printable(short);
}

/** The first of several names, for a message. */
export function shownNames(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).map(shownName).join(', ');
  const more = names.length - MAX_NAMES;
  return more > 0 ? `${shown} and ${more} more` : shown;
}
