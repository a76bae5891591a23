import type { Json } from '../model/json.js';

/** A text that values come from. Offsets count its UTF-16 units. */
export interface SourceText {
  /** Name in messages; `-` for standard input. */
  file: string;
  text: string;
  /** Base of the relative paths in it. */
  directory: string;
}

/** A parsed file with the position of everything in it. */
export interface Document {
  source: SourceText;
  root: Entry;
  /** All scalar values in the order of the text. */
  scalars: Scalar[];
}

/** A value with its position. An alias has its own position and shares its node with the anchor. */
export interface Entry {
  /** Offset of the key; in a sequence, of the item. */
  key: number;
  /** Offset of the value; of the key if the value is missing. */
  at: number;
  /** Where both offsets are. */
  source: SourceText;
  node: Node;
  /** How it is merged with what earlier files have in its place; default: by the rules of merging. */
  tag?: 'reset' | 'override';
}

export type Node = Scalar | Mapping | Sequence;

export interface Scalar {
  type: 'scalar';
  /** Written without quotes, so that `8080` is a number. */
  plain: boolean;
  text: string;
  value: string | number | boolean | null;
  /** The span of its content in the source. */
  start: number;
  end: number;
}

export interface Mapping {
  type: 'mapping';
  entries: Map<string, Entry>;
}

export interface Sequence {
  type: 'sequence';
  items: Entry[];
}

export type Path = readonly (string | number)[];

/** The value as plain data; an alias becomes a copy. */
export function dataOf(node: Node): Json {
  if (node.type === 'scalar') return node.value;
  if (node.type === 'sequence') return node.items.map((item) => dataOf(item.node));
  const value: { [key: string]: Json } = {};
  for (const [key, entry] of node.entries) value[key] = dataOf(entry.node);
  return value;
}

/**
 * The entry at a path, or its deepest existing ancestor. Short forms are found by their long form's
 * path: `[back]` has a `back`, `[A=1]` an `A`, and a single value is its own first item.
 */
export function entryAt(
  { root }: Pick<Document, 'root'>,
  path: Path,
): { entry: Entry; exact: boolean } {
  let entry = root;
  for (const segment of path) {
    if (segment === 0 && entry.node.type === 'scalar') continue;
    const next = childOf(entry.node, segment);
    if (!next) return { entry, exact: false };
    entry = next;
  }
  return { entry, exact: true };
}

function childOf(node: Node, segment: string | number): Entry | undefined {
  if (node.type === 'scalar') return undefined;
  if (node.type === 'mapping') return node.entries.get(String(segment));
  return node.items[Number(segment)] ?? namedIn(node).get(String(segment));
}

/** Items by the key that each is a short form of; the first of several. */
function namedIn(sequence: Sequence): ReadonlyMap<string, Entry> {
  const known = named.get(sequence);
  if (known) return known;
  const made = new Map<string, Entry>();
  for (const item of sequence.items) {
    const name = item.node.type === 'scalar' ? item.node.text.split('=', 1)[0] : undefined;
    if (name !== undefined && !made.has(name)) made.set(name, item);
  }
  named.set(sequence, made);
  return made;
}

const named = new WeakMap<Sequence, ReadonlyMap<string, Entry>>();

/**
 * Lines and columns of a text. Not yaml's LineCounter, which is filled only while a file is lexed: a
 * cached file has its places without that, and filling it made parsing 1 MB take a fifth longer.
 * Nor is a place found by yaml's `getIn`, which scans mappings: 0.3 ms each in a file of 9,000
 * containers.
 */
export class LineIndex {
  readonly #starts = [0];
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
      this.#starts.push(at + 1);
    }
  }

  /** Line and column, both starting at 1. */
  position(offset: number): { line: number; column: number } {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#starts[low] as number) + 1 };
  }

  /** The whole line that an offset is in, without its end. */
  lineAt(offset: number): string {
    const { line } = this.position(offset);
    const end = this.#starts[line] ?? this.#text.length + 1;
    return this.#text.slice(this.#starts[line - 1], end - 1);
  }
}
