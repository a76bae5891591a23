import type { Document, Scalar } from '../../config/document.js';
import type { Problems } from '../../config/problem.js';
import { complaintOf, resolve } from './nodes.js';

/** The value of a variable, or undefined if it is not set. */
export type Lookup = (name: string) => string | undefined;

/** What the two formats do differently. */
export interface Dialect {
  /** Whether `$NAME` is a variable; otherwise it is left to the shell. */
  bare: boolean;
  /**
   * What happens to an unset variable without a default: it is an error, or it is empty and the
   * function is called.
   */
  unset: 'error' | ((name: string, source: Document['source'], offset: number) => void);
}

/** Those of baleine.yaml. */
export const STRICT: Dialect = { bare: false, unset: 'error' };

/** Maximum characters of the file with all its variables expanded. */
const MAX_LENGTH = 4 * 1024 * 1024;
/** Variables in defaults of variables. */
const MAX_NESTED = 20;

const NAME = '[A-Za-z_][A-Za-z0-9_]*';
const BODY = new RegExp(`^(${NAME})(?:(:?[-?+])(.*))?$`, 's');
const BARE = new RegExp(`\\$${NAME}`, 'y');

/**
 * Expands variables in all values as in the Compose specification: `${NAME}`, `${NAME:-default}`,
 * `${NAME:?error}`, `${NAME:+replacement}`, the same without the colon, where an empty variable
 * counts as set, and `$$` for a dollar sign. Defaults, errors and replacements may have variables
 * themselves. An unquoted value that consists of exactly one variable is parsed again, so that
 * `replicas: ${N}` is a number.
 *
 * @returns the file's text with every variable expanded
 */
export function interpolate(
  document: Document,
  lookUp: Lookup,
  problems: Problems,
  dialect: Dialect = STRICT,
): string {
  const { source } = document;
  const { text } = source;
  if (!text.includes('$')) return text;
  let result = '';
  let done = 0;
  for (const scalar of document.scalars) {
    if (!scalar.text.includes('$')) continue;
    new Expansion(scalar, document, lookUp, problems, dialect).replace();
    result += text.slice(done, scalar.start) + scalar.text;
    done = scalar.end;
    if (result.length <= MAX_LENGTH) continue;
    problems.atOffset(scalar.start, tooLong(), undefined, source);
    problems.throwIfAny();
  }
  return result + text.slice(done);
}

const tooLong = () =>
  `with its variables expanded, the file has more than ${MAX_LENGTH} characters`;

/**
 * The same for a text without positions, such as a line of an env file.
 *
 * @param complain called with what is wrong; the reference stays as it is
 */
export function expand(
  text: string,
  lookUp: Lookup,
  { bare, unset }: { bare: boolean; unset: (name: string) => void },
  complain: (message: string, hint?: string) => void,
): string {
  if (!text.includes('$')) return text;
  const report: Report = { complain: (_reference, ...said) => complain(...said), unset };
  return new Template(text, bare, lookUp, report).expand();
}

/** The variables of one scalar. */
class Expansion {
  constructor(
    private readonly scalar: Scalar,
    private readonly document: Document,
    private readonly lookUp: Lookup,
    private readonly problems: Problems,
    private readonly dialect: Dialect,
  ) {}

  replace(): void {
    const { scalar, document, problems, dialect } = this;
    const { source } = document;
    const { start, end, text } = scalar;
    const places = new Places(source.text, start, end);
    const complain: Report['complain'] = (reference, message, hint) =>
      problems.atOffset(places.find(reference), message, hint, source);
    const { unset } = dialect;
    const template = new Template(text, dialect.bare, this.lookUp, {
      complain,
      unset: (name, reference) => {
        if (unset !== 'error') return unset(name, source, places.find(reference));
        complain(reference, `variable ${name} is not set`, setHint(name));
      },
      keepsUnset: unset === 'error',
    });
    scalar.text = template.expand();
    // an empty one is text, not the missing value that YAML would see
    const isOneVariable = template.isOneVariable() && scalar.text !== '';
    scalar.value = scalar.plain && isOneVariable ? resolve(scalar.text) : scalar.text;
    const complaint = complaintOf(scalar);
    if (complaint) problems.atOffset(start, complaint, undefined, source);
  }
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

/** What a template says of its references. */
interface Report {
  complain: (reference: string, message: string, hint?: string) => void;
  unset: (name: string, reference: string) => void;
  /** Whether an unset variable stays as it is written; otherwise it is empty. */
  keepsUnset?: boolean;
}

/** A text with variables. */
class Template {
  /** The end of each `${` by its start. */
  readonly #ends: ReadonlyMap<number, number>;
  /** Characters so far: a default may be in the text many times. */
  #length = 0;

  constructor(
    private readonly text: string,
    private readonly bare: boolean,
    private readonly lookUp: Lookup,
    private readonly report: Report,
  ) {
    this.#ends = endsIn(text);
  }

  expand(): string {
    return this.part(0, this.text.length, 0);
  }

  isOneVariable(): boolean {
    const { text } = this;
    if (text.startsWith('${')) return this.#ends.get(0) === text.length - 1;
    BARE.lastIndex = 0;
    return this.bare && BARE.exec(text)?.[0] === text;
  }

  private part(from: number, to: number, depth: number): string {
    const { text } = this;
    const parts: string[] = [];
    let done = from;
    const take = (at: number, end: number, value: string) => {
      parts.push(text.slice(done, at), value);
      this.#length += at - done + value.length;
      done = end;
    };
    for (let at = text.indexOf('$', from); at >= 0 && at < to; ) {
      // the caller rejects larger files
      if (this.#length > MAX_LENGTH) break;
      const next = text[at + 1];
      if (next === '$') take(at, at + 2, '$');
      else if (next === '{') this.braced(at, depth, take);
      else if (this.bare) this.unbraced(at, take);
      at = text.indexOf('$', Math.max(done, at + 1));
    }
    parts.push(text.slice(done, to));
    return parts.join('');
  }

  private unbraced(at: number, take: (at: number, end: number, value: string) => void): void {
    BARE.lastIndex = at;
    const [reference] = BARE.exec(this.text) ?? [];
    if (reference === undefined) return;
    const name = reference.slice(1);
    const value = this.lookUp(name) ?? this.missing(name, reference);
    take(at, at + reference.length, value);
  }

  private braced(
    at: number,
    depth: number,
    take: (at: number, end: number, value: string) => void,
  ): void {
    const end = this.#ends.get(at);
    if (end !== undefined) {
      take(at, end + 1, this.valueOf(at, end, depth));
      return;
    }
    const hint = 'write "$$" for a dollar sign';
    this.report.complain('${', 'a variable begins with "${" and does not end', hint);
    take(at, at + 2, '${');
  }

  /** The value of the reference from `at` to its brace at `end`. */
  private valueOf(at: number, end: number, depth: number): string {
    const body = this.text.slice(at + 2, end);
    const reference = this.text.slice(at, end + 1);
    const [, name, operator, rest = ''] = BODY.exec(body) ?? [];
    if (name === undefined || depth === MAX_NESTED) {
      const forms = ['NAME', 'NAME:-default', 'NAME:?error'].map((form) => `\${${form}}`);
      this.report.complain(
        reference,
        `cannot read the variable "\${${shortened(body)}}"`,
        `what works: ${forms.join(', ')}; $\${ for the shell's own`,
      );
      return reference;
    }
    const restOf = () => this.part(end - rest.length, end, depth + 1);
    const value = this.lookUp(name);
    const isMissing = value === undefined || (value === '' && operator?.startsWith(':'));
    if (operator?.endsWith('+')) return isMissing ? '' : restOf();
    if (!isMissing) return value;
    if (operator?.endsWith('-')) return restOf();
    if (operator === undefined) return this.missing(name, reference);
    const state = value === undefined ? 'is not set' : 'is empty';
    if (rest) this.report.complain(reference, `variable ${name}: ${this.quietly(rest)}`);
    else this.report.complain(reference, `variable ${name} ${state}`, setHint(name));
    return reference;
  }

  /** A message with its variables. */
  private quietly(text: string): string {
    const report: Report = { complain: () => undefined, unset: () => undefined };
    return new Template(text, this.bare, this.lookUp, report).expand();
  }

  private missing(name: string, reference: string): string {
    this.report.unset(name, reference);
    return this.report.keepsUnset ? reference : '';
  }
}

const setHint = (name: string) => `set it, or give a default: \${${name}:-…}`;

/**
 * The closing brace of each `${`, where defaults may have variables themselves. A single pass: a
 * file may consist of nothing but starts of variables.
 */
function endsIn(text: string): Map<number, number> {
  const ends = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '$' && text[at + 1] === '$') at += 1;
    else if (text[at] === '$' && text[at + 1] === '{') {
      open.push(at);
      at += 1;
    } else if (text[at] === '}') {
      const start = open.pop();
      if (start !== undefined) ends.set(start, at);
    }
  }
  return ends;
}

/** Characters of a reference in messages. */
const MAX_SHOWN = 60;

function shortened(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
