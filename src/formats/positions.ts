import { type Entry, entryAt, LineIndex, type Node, type SourceText } from '../config/document.js';
import type { Config } from '../model/config.js';
import { printable } from '../model/printable.js';

/**
 * The offset of a key, or of an item of a sequence, and of all below it. An item without anything
 * below has the name that it may be found by: see `entryAt`. The source is an index of a list, present
 * where it is not that of the entry above.
 */
export type Positions =
  | number
  | readonly [offset: number, below: Below]
  | readonly [offset: number, below: Below, source: number];

type Below = string | null | readonly Positions[] | { readonly [key: string]: Positions };

/**
 * The `where` of a config: an entry as `baleine.yaml:12:5`.
 *
 * @param file shown where no place is known
 * @param rootOf called when the first place is asked for; undefined if no place is known
 */
export function positionsIn(file: string, rootOf: () => Entry | undefined): Config['where'] {
  let root: Entry | undefined;
  const lines = new Map<SourceText, LineIndex>();
  return (path) => {
    root ??= rootOf();
    if (!root) return printable(file);
    const { key, source } = entryAt({ root }, path).entry;
    const index = lines.get(source) ?? new LineIndex(source.text);
    lines.set(source, index);
    const { line, column } = index.position(key);
    return `${printable(source.file)}:${line}:${column}`;
  };
}

/** The sources of an entry and of all below it, the entry's own first. */
export function sourcesOf(root: Entry): SourceText[] {
  const sources = new Set<SourceText>();
  const visit = ({ source, node }: Entry) => {
    sources.add(source);
    if (node.type === 'sequence') node.items.forEach(visit);
    if (node.type === 'mapping') for (const each of node.entries.values()) visit(each);
  };
  visit(root);
  return [...sources];
}

/** Plain data from which `decodePositions` makes entries that are found by the same paths. */
export function encodePositions(root: Entry, sources: readonly SourceText[]): Positions {
  const indices = new Map(sources.map((each, index) => [each, index]));
  const encode = ({ key, node, source }: Entry, isItem: boolean, above: SourceText): Positions => {
    const below = belowOf(node, isItem, source);
    if (source !== above) return [key, below, indices.get(source) ?? 0];
    return below === null ? key : [key, below];
  };
  const belowOf = (node: Node, isItem: boolean, source: SourceText): Below => {
    if (node.type === 'scalar') return isItem ? (node.text.split('=', 1)[0] ?? '') : null;
    if (node.type === 'sequence') return node.items.map((each) => encode(each, true, source));
    const entries = [...node.entries].map(([name, each]) => [name, encode(each, false, source)]);
    return Object.fromEntries(entries);
  };
  return encode(root, false, sources[0] ?? root.source);
}

/** Entries without values. */
export function decodePositions(positions: Positions, sources: readonly SourceText[]): Entry {
  const decode = (each: Positions, above: SourceText): Entry => {
    const [key, below, index] = typeof each === 'number' ? [each, null] : each;
    const source = (index === undefined ? undefined : sources[index]) ?? above;
    return { key, at: key, source, node: nodeOf(key, below, source) };
  };
  const nodeOf = (at: number, below: Below, source: SourceText): Node => {
    if (below === null || typeof below === 'string') {
      const text = below ?? '';
      return { type: 'scalar', plain: false, text, value: text, start: at, end: at };
    }
    if (isList(below)) {
      return { type: 'sequence', items: below.map((each) => decode(each, source)) };
    }
    const entries = Object.entries(below).map(
      ([name, each]) => [name, decode(each, source)] as const,
    );
    return { type: 'mapping', entries: new Map(entries) };
  };
  return decode(positions, sources[0] as SourceText);
}

const isList = (below: Below): below is readonly Positions[] => Array.isArray(below);
