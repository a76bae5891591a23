import { type Entry, entryAt, LineIndex, type Node } from '../config/document.js';
import type { Config } from '../model/config.js';
import { printable } from '../model/printable.js';

/**
 * The offset of a key, or of an item of a sequence, and of all below it. An item without anything
 * below has the name that it may be found by: see `entryAt`.
 */
export type Positions = number | readonly [offset: number, below: Below];

type Below = string | readonly Positions[] | { readonly [key: string]: Positions };

/**
 * The `where` of a config: an entry as `baleine.yaml:12:5`.
 *
 * @param text of the file
 * @param rootOf called when the first place is asked for; undefined if no place is known
 */
export function positionsIn(
  file: string,
  text: string,
  rootOf: () => Entry | undefined,
): Config['where'] {
  let known: { root: Entry; lines: LineIndex } | undefined;
  return (path) => {
    const root = known?.root ?? rootOf();
    if (!root) return printable(file);
    known ??= { root, lines: new LineIndex(text) };
    const { line, column } = known.lines.position(entryAt({ root }, path).entry.key);
    return `${printable(file)}:${line}:${column}`;
  };
}

/** Plain data from which `decodePositions` makes entries that are found by the same paths. */
export function encodePositions({ key, node }: Entry, isItem = false): Positions {
  if (node.type === 'scalar') return isItem ? [key, node.text.split('=', 1)[0] ?? ''] : key;
  if (node.type === 'sequence') return [key, node.items.map((each) => encodePositions(each, true))];
  const entries = [...node.entries].map(([name, each]) => [name, encodePositions(each)]);
  return [key, Object.fromEntries(entries)];
}

/** Entries without values. */
export function decodePositions(positions: Positions): Entry {
  const [key, below] = typeof positions === 'number' ? [positions, ''] : positions;
  return { key, at: key, node: nodeOf(key, below) };
}

function nodeOf(at: number, below: Below): Node {
  if (typeof below === 'string') {
    return { type: 'scalar', plain: false, text: below, value: below, start: at, end: at };
  }
  if (isList(below)) return { type: 'sequence', items: below.map(decodePositions) };
  const entries = Object.entries(below).map(
    ([name, each]) => [name, decodePositions(each)] as const,
  );
  return { type: 'mapping', entries: new Map(entries) };
}

const isList = (below: Below): below is readonly Positions[] => Array.isArray(below);
