import { UserError } from '../model/errors.js';
import { printable } from '../model/printable.js';
import { type Document, entryAt, LineIndex, type Path } from './document.js';

/** One error in the file. */
export interface Problem {
  /** Starting at 1. */
  line: number;
  /** Starting at 1, in UTF-16 units. */
  column: number;
  message: string;
  /** How to fix it. */
  hint?: string;
}

/** How to fix it; a function if it is expensive, since most of many problems are not shown. */
export type Hint = string | (() => string | undefined);

/** Maximum number of problems shown; the rest are counted. */
const MAX_SHOWN = 50;

/** The errors of a file in their order: the first `MOST`. */
export class ConfigError extends UserError {
  override name = 'ConfigError';

  constructor(
    file: string,
    text: string,
    readonly problems: readonly Problem[],
    more = 0,
  ) {
    const lines = text.split('\n');
    const shown = problems.flatMap((each, index) => [
      ...(index > 0 ? [''] : []),
      ...render(file, lines[each.line - 1] ?? '', each),
    ]);
    super(more > 0 ? [...shown, '', `and ${more} more`] : shown);
  }
}

interface Found {
  offset: number;
  message: string;
  hint: Hint | undefined;
}

/** Collects problems by their paths. */
export class Problems {
  private readonly list: Found[] = [];

  constructor(private readonly document: Pick<Document, 'file' | 'text'> & Partial<Document>) {}

  /** For a problem of an entry as a whole, or of its name. */
  atKey(path: Path, message: string, hint?: Hint): void {
    this.atOffset(this.find(path).key, message, hint);
  }

  atValue(path: Path, message: string, hint?: Hint): void {
    this.atOffset(this.find(path).at, message, hint);
  }

  atOffset(offset: number, message: string, hint?: Hint): void {
    this.list.push({ offset, message, hint });
  }

  get count(): number {
    return this.list.length;
  }

  throwIfAny(): void {
    const { file, text } = this.document;
    if (this.list.length === 0) return;
    const all = inOrder(this.list);
    const lines = new LineIndex(text);
    const shown = all.slice(0, MAX_SHOWN).map(({ offset, message, hint }): Problem => {
      const said = typeof hint === 'function' ? hint() : hint;
      const position = lines.position(offset);
      return {
        ...position,
        message: shortened(message),
        ...(said !== undefined && { hint: said }),
      };
    });
    throw new ConfigError(file, text, shown, all.length - shown.length);
  }

  private find(path: Path): { key: number; at: number } {
    const { root } = this.document;
    if (!root) return { key: 0, at: 0 };
    const { entry, exact } = entryAt({ root }, path);
    return exact ? entry : { key: entry.key, at: entry.key };
  }
}

/** The message may quote a value as long as the file. */
function shortened(message: string): string {
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
}

/** Characters. */
const MAX_MESSAGE = 500;

/** Ordered by position, without duplicates. */
function inOrder(found: readonly Found[]): Found[] {
  const seen = new Set<string>();
  return found
    .filter(({ offset, message }) => {
      const key = `${offset}:${message}`;
      return !seen.has(key) && seen.add(key);
    })
    .sort((a, b) => a.offset - b.offset);
}

/** Characters of a long line that are shown before the caret, and in total. */
const LEAD = 60;
const WIDTH = 100;

function render(
  file: string,
  line: string,
  { line: row, column, message, hint }: Problem,
): string[] {
  const from = Math.max(0, column - 1 - LEAD);
  const shown = printable(line.slice(from, from + WIDTH).replace(/\r$/, ''));
  const before = printable(line.slice(from, column - 1));
  const caret = `${before.replace(/[^\t]/g, ' ')}^`;
  const lines = [`${file}:${row}:${column}: ${message}`, `  ${shown}`, `  ${caret}`];
  return hint === undefined ? lines : [...lines, hint];
}
