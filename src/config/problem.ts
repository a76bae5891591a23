import { UserError } from '../model/errors.js';
import { printable } from '../model/printable.js';
import { type Entry, entryAt, LineIndex, type Path, type SourceText } from './document.js';

/** One error in a file. */
export interface Problem {
  file: string;
  /** The text of its line. */
  text: string;
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
const MAX_SHOWN = 75;

/** The errors of a file and of those it refers to, in their order: the first `MAX_SHOWN`. */
export class ConfigError extends UserError {
  override name = 'ConfigError';

  constructor(
    readonly problems: readonly Problem[],
    more = 0,
  ) {
    const shown = problems.flatMap((each, index) => [...(index > 0 ? [''] : []), ...render(each)]);
    super(more > 0 ? [...shown, '', `and ${more} more`] : shown);
  }
}

interface Found {
  source: SourceText;
  offset: number;
  message: string;
  hint: Hint | undefined;
}

/** Collects problems by their paths. */
export class Problems {
  private readonly list: Found[] = [];

  /**
   * @param source of offsets without another one
   * @param root of paths; absent until the files are merged
   * @param reword applied to each message: a reader may call things otherwise than the Config
   */
  constructor(
    private readonly source: SourceText,
    public root?: Entry,
    public reword: (text: string) => string = (text) => text,
  ) {}

  /** For a problem of an entry as a whole, or of its name. */
  atKey(path: Path, message: string, hint?: Hint): void {
    const { key, source } = this.find(path);
    this.atOffset(key, message, hint, source);
  }

  atValue(path: Path, message: string, hint?: Hint): void {
    const { at, source } = this.find(path);
    this.atOffset(at, message, hint, source);
  }

  /** For a problem of an entry that is in no path of the root, or not yet. */
  of(entry: Pick<Entry, 'at' | 'source'>, message: string, hint?: Hint): void {
    this.atOffset(entry.at, message, hint, entry.source);
  }

  atOffset(offset: number, message: string, hint?: Hint, source = this.source): void {
    this.list.push({ source, offset, message, hint });
  }

  get count(): number {
    return this.list.length;
  }

  throwIfAny(): void {
    if (this.list.length === 0) return;
    const all = inOrder(this.list);
    const lines = new Map<SourceText, LineIndex>();
    const shown = all.slice(0, MAX_SHOWN).map(({ source, offset, message, hint }): Problem => {
      const index = lines.get(source) ?? new LineIndex(source.text);
      lines.set(source, index);
      const said = typeof hint === 'function' ? hint() : hint;
      return {
        file: source.file,
        text: index.lineAt(offset),
        ...index.position(offset),
        message: shortened(this.reword(message)),
        ...(said !== undefined && { hint: this.reword(said) }),
      };
    });
    throw new ConfigError(shown, all.length - shown.length);
  }

  private find(path: Path): Pick<Entry, 'key' | 'at' | 'source'> {
    const { root, source } = this;
    if (!root) return { key: 0, at: 0, source };
    const { entry, exact } = entryAt({ root }, path);
    return exact ? entry : { key: entry.key, at: entry.key, source: entry.source };
  }
}

/** The message may quote a value as long as the file. */
function shortened(message: string): string {
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
}

/** Characters. */
const MAX_MESSAGE = 500;

/** Ordered by file, as they are first mentioned, and position; without duplicates. */
function inOrder(found: readonly Found[]): Found[] {
  const seen = new Set<string>();
  const sources = new Map<SourceText, number>();
  for (const { source } of found) if (!sources.has(source)) sources.set(source, sources.size);
  const rank = ({ source }: Found) => sources.get(source) ?? 0;
  return found
    .filter((each) => {
      const key = `${rank(each)}:${each.offset}:${each.message}`;
      return !seen.has(key) && seen.add(key);
    })
    .sort((a, b) => rank(a) - rank(b) || a.offset - b.offset);
}

/** Characters of a long line that are shown before the caret, and in total. */
const LEAD = 60;
const WIDTH = 100;

function render({ file, text, line: row, column, message, hint }: Problem): string[] {
  const from = Math.max(0, column - 1 - LEAD);
  const shown = printable(text.slice(from, from + WIDTH).replace(/\r$/, ''));
  const before = printable(text.slice(from, column - 1));
  const caret = `${before.replace(/[^\t]/g, ' ')}^`;
  const lines = [`${file}:${row}:${column}: ${message}`, `  ${shown}`, `  ${caret}`];
  return hint === undefined ? lines : [...lines, hint];
}
