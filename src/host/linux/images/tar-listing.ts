/** One member of a tar file. */
export interface Member {
  /** As in ls(1): `-`, `d`, `l`; `h` for a hard link. */
  type: string;
  /** Bytes as latin1 characters, since names need not be UTF-8. */
  name: string;
  /** Target of a link. */
  link?: string;
  size: number;
  /** Index of its header in blocks of 512 bytes; only with `--block-number`. */
  block?: number;
}

/** Longer than any valid path in quoted form (PATH_MAX in limits.h, four characters per byte). */
const MAX_LINE = 64 * 1024;

/** Makes GNU tar print what `membersOf` reads, in the C locale. */
export const LIST_OPTIONS = ['--list', '--verbose', '--numeric-owner', '--quoting-style=c'];

/**
 * Parses GNU tar's listing: mode, owner, size, date, and the quoted name.
 *
 * @throws Error for a line that tar does not print, or a name that cannot exist
 */
export async function* membersOf(listing: AsyncIterable<Buffer>): AsyncGenerator<Member> {
  for await (const line of linesOf(listing)) {
    if (!END.test(line)) yield memberIn(line);
  }
}

async function* linesOf(listing: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of listing) {
    const lines = `${rest}${chunk.toString('latin1')}`.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) throw new Error('cannot read an archive: a name in it is too long');
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** With `--block-number` tar reports where an archive ends. */
const END = /^block \d+: \*\* /;
const LINE =
  /^(?:block (\d+): )?(.)\S* \S+ +([\d,]+) [^"]*"((?:[^"\\]|\\.)*)"(?:[^"]*"((?:[^"\\]|\\.)*)")?/;

function memberIn(line: string): Member {
  const [, block, type, size, name, link] = LINE.exec(line) ?? [];
  if (type === undefined || name === undefined) {
    throw new Error(`cannot read an archive: tar lists ${JSON.stringify(line.slice(0, 200))}`);
  }
  return {
    type,
    name: unquoted(name),
    ...(link !== undefined && { link: unquoted(link) }),
    ...(block !== undefined && { block: Number(block) }),
    // devices have two numbers instead of a size
    size: Number(size) || 0,
  };
}

/** C string literals, as gnulib's quotearg writes them. */
const ESCAPES: Record<string, string> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
};

function unquoted(text: string): string {
  return text.replace(/\\([0-7]{1,3}|.)/g, (_all, code: string) =>
    /^[0-7]/.test(code) ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPES[code] ?? code),
  );
}
