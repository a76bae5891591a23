import type { Document, Scalar } from '../../config/document.js';
import type { Problems } from '../../config/problem.js';
import { complaintOf, resolve } from './nodes.js';

/** The value of a variable, or undefined if it is not set. */
type Lookup = (name: string) => string | undefined;

/** Maximum characters of the file with all its variables expanded. */
const MAX_LENGTH = 4 * 1024 * 1024;

const BODY = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?])(.*))?$/s;

/**
 * Expands `${NAME}`, `${NAME:-default}` and `${NAME-default}`, `${NAME:?error}` and
 * `${NAME?error}`, and `$$` in all values, as in the Compose specification; with the colon an empty
 * variable counts as unset. `$NAME` is left to the shell. An unquoted value that consists of
 * exactly one variable is parsed again, so that `replicas: ${N}` is a number.
 *
 * @returns the file's text with every variable expanded
 */
export function interpolate(document: Document, lookUp: Lookup, problems: Problems): string {
  const { text } = document;
  if (!text.includes('$')) return text;
  let result = '';
  let done = 0;
  for (const scalar of document.scalars) {
    if (!scalar.text.includes('$')) continue;
    replaceIn(scalar, document, lookUp, problems);
    result += text.slice(done, scalar.start) + scalar.text;
    done = scalar.end;
    if (result.length <= MAX_LENGTH) continue;
    problems.atOffset(
      scalar.start,
      `with its variables expanded, the file has more than ${MAX_LENGTH} characters`,
    );
    problems.throwIfAny();
  }
  return result + text.slice(done);
}

function replaceIn(scalar: Scalar, { text }: Document, lookUp: Lookup, problems: Problems): void {
  const { start, end, text: before } = scalar;
  const places = new Places(text, start, end);
  let length = 0;
  const parts = partsOf(before).map((part) => {
    // the caller rejects larger files
    if (length > MAX_LENGTH) return '';
    const value = part.isReference ? valueOfReference(part) : part.text;
    length += value.length;
    return value;
  });

  function valueOfReference({ text: reference, body }: Part): string {
    const at = places.find(reference);
    if (reference === '$$') return '$';
    const complain = (message: string, hint?: string) => problems.atOffset(at, message, hint);
    return substituteFor(body, lookUp, complain) ?? reference;
  }

  scalar.text = parts.join('');
  const isOneVariable = /^\$\{[^}]*\}$/.test(before);
  scalar.value = scalar.plain && isOneVariable ? resolve(scalar.text) : scalar.text;
  const complaint = complaintOf(scalar);
  if (complaint) problems.atOffset(start, complaint);
}

interface Part {
  text: string;
  /** `$$`, `${NAME}`, or `${` without an end. */
  isReference: boolean;
  /** The text between the braces. */
  body?: string | undefined;
}

/** A single pass: a file may consist of nothing but starts of variables. */
function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let done = 0;
  let isClosed = true;
  const take = (from: number, to: number, body?: string) => {
    if (from > done) parts.push({ text: text.slice(done, from), isReference: false });
    parts.push({ text: text.slice(from, to), isReference: true, body });
    done = to;
  };
  for (let at = text.indexOf('$'); at >= 0; at = text.indexOf('$', Math.max(done, at + 1))) {
    if (text[at + 1] === '$') take(at, at + 2);
    else if (text[at + 1] === '{') {
      const end: number = isClosed ? text.indexOf('}', at) : -1;
      isClosed = end >= 0;
      if (isClosed) take(at, end + 1, text.slice(at + 2, end));
      else take(at, at + 2);
    }
  }
  if (done < text.length) parts.push({ text: text.slice(done), isReference: false });
  return parts;
}

/** Positions of a scalar's references in the source, in order. */
class Places {
  #from: number;
  readonly #source: string;

  constructor(
    text: string,
    readonly start: number,
    end: number,
  ) {
    this.#from = start;
    this.#source = text.slice(0, end);
  }

  /** The scalar's own position if its source text differs from its value (escapes). */
  find(reference: string): number {
    if (this.#from < 0) return this.start;
    const found = this.#source.indexOf(reference, this.#from);
    this.#from = found < 0 ? -1 : found + 1;
    return found < 0 ? this.start : found;
  }
}

function substituteFor(
  body: string | undefined,
  lookUp: Lookup,
  complain: (message: string, hint?: string) => void,
): string | undefined {
  if (body === undefined) {
    complain('a variable begins with "${" and does not end', 'write "$$" for a dollar sign');
    return undefined;
  }
  const [, name, operator, rest = ''] = BODY.exec(body) ?? [];
  if (name === undefined || rest.includes('${')) {
    const forms = ['NAME', 'NAME:-default', 'NAME:?error'].map((form) => `\${${form}}`).join(', ');
    complain(
      `cannot read the variable "\${${shortened(body)}}"`,
      `what works: ${forms}; $\${ for the shell's own`,
    );
    return undefined;
  }
  const value = lookUp(name);
  const isMissing = value === undefined || (value === '' && operator?.startsWith(':'));
  if (!isMissing) return value;
  if (operator?.endsWith('-')) return rest;
  if (operator && rest) complain(`variable ${name}: ${rest}`);
  else {
    const state = value === undefined ? 'is not set' : 'is empty';
    complain(`variable ${name} ${state}`, `set it, or give a default: \${${name}:-…}`);
  }
  return undefined;
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
