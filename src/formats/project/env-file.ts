import { dirname } from 'node:path';
import type { SourceText } from '../../config/document.js';
import { Problems } from '../../config/problem.js';
import { messageOf } from '../../model/errors.js';
import { expand } from '../yaml/interpolate.js';

/** A variable of an env file. */
export interface Variable {
  value: string;
  /** Offset of its name. */
  at: number;
}

interface How {
  /** Looks up variables in values, after those that the file has defined above. */
  lookUp: (name: string) => string | undefined;
  problems: Problems;
  /** Whether values are taken as they are: no quotes, variables or comments (`format: raw`). */
  raw?: boolean;
}

const NAME = /[A-Za-z_][A-Za-z0-9_.-]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '\\': '\\',
  '"': '"',
  $: '$$',
};

/**
 * Reads a file of variables in the format of Compose: `NAME=value`, `NAME: value`, `export NAME=value`,
 * `NAME`, which is taken from the environment, and comments. Values may be in single quotes, which
 * keep everything as it is, or in double quotes with escapes and variables; both may have several
 * lines. Without quotes a value ends at ` #`.
 */
export function parseEnvFile(source: SourceText, how: How): Map<string, Variable> {
  return new EnvFile(source, how).read();
}

/** One variable of such a file; see `variablesIn`. */
export const variableIn = (text: string, file: string, name: string): string | undefined =>
  variablesIn(text, file).get(name);

/**
 * The variables of a file that is read outside of a stack's file: a value may use variables of the file
 * and of baleine's own environment.
 *
 * @throws Error with the place of a mistake in the file, without the line: it may have a secret
 */
export function variablesIn(text: string, file: string): Map<string, string> {
  const source = { file, text, directory: dirname(file) };
  const problems = new Problems(source);
  const lookUp = (each: string) => process.env[each];
  const variables = parseEnvFile(source, { lookUp, problems });
  try {
    problems.throwIfAny();
  } catch (error) {
    throw new Error(messageOf(error).split('\n')[0]);
  }
  return new Map([...variables].map(([name, { value }]) => [name, value]));
}

class EnvFile {
  readonly #variables = new Map<string, Variable>();
  #at = 0;

  constructor(
    private readonly source: SourceText,
    private readonly how: How,
  ) {}

  read(): Map<string, Variable> {
    const { text } = this.source;
    if (text.startsWith('\uFEFF')) this.#at = 1;
    while (this.#at < text.length) {
      this.skip(/[\s]*/y);
      if (this.#at >= text.length) break;
      if (text[this.#at] === '#') this.skip(/[^\n]*/y);
      else this.readVariable();
    }
    return this.#variables;
  }

  private skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found = ''] = pattern.exec(this.source.text) ?? [];
    this.#at += found.length;
    return found;
  }

  private readVariable(): void {
    this.skip(/export[ \t]+(?=[A-Za-z_])/y);
    const at = this.#at;
    const name = this.skip(NAME);
    this.skip(/[ \t]*/y);
    const sign = this.skip(/[=:]/y);
    const isEnd = /[\n\r#]|^$/.test(this.source.text.slice(this.#at, this.#at + 1));
    if (name === '' || (sign === '' && !isEnd)) {
      const line = this.skip(/[^\n]*/y);
      const message = name === '' ? 'a line of an env file is NAME=value' : 'a name ends with "="';
      this.complain(at, message, line.includes('#') ? undefined : 'comments begin with #');
      return;
    }
    if (sign === '') {
      const value = this.how.lookUp(name);
      this.skip(/[^\n]*/y);
      if (value !== undefined) this.#variables.set(name, { value, at });
      return;
    }
    this.#variables.set(name, { value: this.readValue(at), at });
  }

  private readValue(at: number): string {
    if (this.how.raw) return this.skip(/[^\n]*/y).replace(/\r$/, '');
    this.skip(/[ \t]*/y);
    const quote = this.source.text[this.#at];
    if (quote === "'" || quote === '"') return this.readQuoted(quote, at);
    const plain = this.skip(/[^\n]*/y).replace(/(^|\s)#.*$/, '');
    return this.expanded(plain.trim(), at);
  }

  private readQuoted(quote: string, at: number): string {
    const { text } = this.source;
    let end = this.#at + 1;
    while (end < text.length && text[end] !== quote) {
      // in single quotes, only a quote itself is escaped
      const isEscape = text[end] === '\\' && (quote === '"' || text[end + 1] === quote);
      end += isEscape ? 2 : 1;
    }
    if (end >= text.length) {
      this.complain(this.#at, `a value begins with ${quote} and does not end`);
      this.#at = text.length;
      return '';
    }
    const inner = text.slice(this.#at + 1, end);
    this.#at = end + 1;
    const rest = this.skip(/[^\n]*/y).trim();
    if (rest !== '' && !rest.startsWith('#')) {
      this.complain(end + 1, `after the closing ${quote} only a comment may stand`);
    }
    if (quote === "'") return inner.replaceAll("\\'", "'");
    // before variables: their values have no escapes
    const unescaped = inner.replace(/\\(.)/gs, (whole, each: string) => ESCAPES[each] ?? whole);
    return this.expanded(unescaped, at);
  }

  private expanded(value: string, at: number): string {
    const lookUp = (name: string) => this.how.lookUp(name) ?? this.#variables.get(name)?.value;
    return expand(value, lookUp, { bare: true, unset: () => undefined }, (message, hint) =>
      this.complain(at, message, hint),
    );
  }

  private complain(at: number, message: string, hint?: string): void {
    this.how.problems.atOffset(at, message, hint, this.source);
  }
}
