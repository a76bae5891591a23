import { UserError } from '../model/errors.js';
import { type Document, entryAt, type Path, positionOf } from './document.js';

/** One thing that is wrong with the file. */
export interface Problem {
  /** From 1. */
  line: number;
  /** From 1, in UTF-16 units. */
  column: number;
  message: string;
  /** What to do about it. */
  hint?: string;
}

/** Everything that is wrong with the file, in its order. */
export class ConfigError extends UserError {
  override name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(file: string, text: string, problems: readonly Problem[]) {
    const sorted = inOrder(problems);
    const lines = text.split('\n');
    super(sorted.map((each) => render(file, lines[each.line - 1] ?? '', each)).join('\n\n'));
    this.problems = sorted;
  }
}

/** Gathers problems by the path of what they are about. */
export class Problems {
  private readonly list: Problem[] = [];

  constructor(private readonly document: Pick<Document, 'file' | 'text'> & Partial<Document>) {}

  /** About an entry as a whole, or about its name. */
  atKey(path: Path, message: string, hint?: string): void {
    this.atOffset(this.find(path).key, message, hint);
  }

  atValue(path: Path, message: string, hint?: string): void {
    this.atOffset(this.find(path).at, message, hint);
  }

  atOffset(offset: number, message: string, hint?: string): void {
    const position = positionOf(this.document.text, offset);
    this.list.push({ ...position, message, ...(hint !== undefined && { hint }) });
  }

  throwIfAny(): void {
    const { file, text } = this.document;
    if (this.list.length > 0) throw new ConfigError(file, text, this.list);
  }

  private find(path: Path): { key: number; at: number } {
    const { root, scalars, ...rest } = this.document;
    if (!root || !scalars) return { key: 0, at: 0 };
    const { entry, exact } = entryAt({ ...rest, root, scalars }, path);
    return exact ? entry : { key: entry.key, at: entry.key };
  }
}

function inOrder(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems
    .filter(({ line, column, message }) => {
      const key = `${line}:${column}:${message}`;
      return !seen.has(key) && seen.add(key);
    })
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

/** Characters of a long line that are shown before the caret, and in all. */
const LEAD = 60;
const WIDTH = 100;

function render(file: string, line: string, { line: row, column, message, hint }: Problem): string {
  const from = Math.max(0, column - 1 - LEAD);
  const shown = harmless(line.slice(from, from + WIDTH));
  const caret = `${shown.slice(0, column - 1 - from).replace(/[^\t]/g, ' ')}^`;
  const lines = [`${file}:${row}:${column}: ${harmless(message)}`, `  ${shown}`, `  ${caret}`];
  return [...lines, ...(hint === undefined ? [] : [harmless(hint)])].join('\n');
}

/** Nothing of the file may steer the terminal. */
function harmless(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be replaced
  return line.replace(/\r$/, '').replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, '?');
}
