import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  type ParsedNode,
  type Scalar as ParsedScalar,
  Schema,
  type YAMLMap,
} from 'yaml';
import type { Document, Entry, Mapping, Node, Scalar, SourceText } from '../../config/document.js';
import type { Problems } from '../../config/problem.js';

const MAX_ALIASES = 500;
/**
 * Maximum number of values that all aliases may expand to: ten aliases of ten aliases of … grow
 * exponentially.
 */
const MAX_ALIASED = 10_000;
/** Keys that would reach an object's prototype. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
/** Of YAML 1.1; the library reads 1.2, where it is a key as any other. */
const MERGE_KEY = '<<';
/** The node of a missing value. */
export const MISSING: Scalar = {
  type: 'scalar',
  plain: true,
  text: '',
  value: null,
  start: -1,
  end: -1,
};

/** The tags that say how a value is merged with that of an earlier file. */
export const MERGE_TAGS: ReadonlyMap<string, NonNullable<Entry['tag']>> = new Map([
  ['!reset', 'reset'],
  ['!override', 'override'],
]);

/** Converts the library's nodes to ours, and rejects what parseYaml documents. */
export class Nodes {
  private readonly scalars: Scalar[] = [];
  private readonly anchors = new Map<string, { node: Node; size: number }>();
  private values = 0;
  private aliases = 0;
  private aliased = 0;

  constructor(
    private readonly source: SourceText,
    private readonly problems: Problems,
  ) {}

  read(contents: ParsedNode | null): Pick<Document, 'root' | 'scalars'> {
    return { root: this.entry(contents, contents?.range[0] ?? 0), scalars: this.scalars };
  }

  private entry(parsed: ParsedNode | null, key: number): Entry {
    const { source } = this;
    const before = this.values++;
    if (!parsed) return { key, at: key, source, node: MISSING };
    const node = this.node(parsed);
    const size = this.values - before;
    if ('anchor' in parsed && parsed.anchor) this.anchors.set(parsed.anchor, { node, size });
    const tag = MERGE_TAGS.get(parsed.tag ?? '');
    const at = isEmpty(parsed) ? key : parsed.range[0];
    return { key, at, source, node, ...(tag && { tag }) };
  }

  private node(parsed: ParsedNode): Node {
    if (isScalar(parsed)) return this.scalar(parsed);
    if (isAlias(parsed)) return this.alias(parsed);
    if (isMap(parsed)) return this.mapping(parsed);
    const items = parsed.items as ParsedNode[];
    return { type: 'sequence', items: items.map((item) => this.entry(item, item.range[0])) };
  }

  private scalar({ type, value: known, source, range, tag }: ParsedScalar.Parsed): Scalar {
    const plain = type === 'PLAIN';
    // the library leaves the values of tags that it does not know as text
    const value = plain && MERGE_TAGS.has(tag ?? '') ? resolve(source) : known;
    const quote = type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE' ? 1 : 0;
    const node: Scalar = {
      type: 'scalar',
      plain,
      text: source,
      value: plain ? exactly(source, value as Scalar['value']) : source,
      start: range[0] + quote,
      end: range[1] - quote,
    };
    const complaint = complaintOf(node);
    if (complaint) this.problems.atOffset(range[0], complaint);
    this.scalars.push(node);
    return node;
  }

  private mapping({ items }: YAMLMap.Parsed): Mapping {
    const entries = new Map<string, Entry>();
    const merged: Entry[] = [];
    for (const { key, value } of items) {
      // the library rejects all other kinds of keys
      const name = isScalar(key) ? String(key.value) : '';
      const at = key.range[0];
      const isMerge = name === MERGE_KEY && isScalar(key) && key.type === 'PLAIN';
      if (!isMerge) this.checkKey(entries, name, at);
      const entry = this.entry(value, at);
      if (isMerge) merged.push(...this.mergedMappings(entry));
      else if (!entries.has(name)) entries.set(name, entry);
    }
    // the mapping's own keys win, then those of the first one merged
    for (const { node } of merged) {
      if (node.type !== 'mapping') continue;
      for (const [name, entry] of node.entries) if (!entries.has(name)) entries.set(name, entry);
    }
    return { type: 'mapping', entries };
  }

  /** The mappings that `<<` names: one, or a list of them. */
  private mergedMappings(entry: Entry): Entry[] {
    const { node } = entry;
    const all = node.type === 'sequence' ? node.items : [entry];
    const wrong = all.find((each) => each.node.type !== 'mapping');
    if (wrong) {
      const hint = 'write: <<: *anchor, or <<: [*first, *second]';
      this.problems.atOffset(wrong.at, '"<<" merges mappings, and this is none', hint);
    }
    return all;
  }

  private checkKey(entries: Mapping['entries'], key: string, at: number): void {
    if (key === '') this.problems.atOffset(at, 'a key must be text');
    else if (FORBIDDEN_KEYS.has(key)) {
      this.problems.atOffset(at, `unknown key ${JSON.stringify(key)}`);
    } else if (key.includes('\0')) {
      this.problems.atOffset(at, 'a key must not hold a NUL character');
    } else if (entries.has(key)) {
      const message = `the key ${JSON.stringify(key)} appears twice in this mapping`;
      this.problems.atOffset(at, message);
    }
  }

  private alias({ source, range }: Alias.Parsed): Node {
    const [at] = range;
    const { node, size } = this.anchors.get(source) ?? { node: undefined, size: 1 };
    this.aliases++;
    this.aliased += size;
    this.values += size - 1;
    if (this.aliases === MAX_ALIASES + 1) {
      this.problems.atOffset(at, `more than ${MAX_ALIASES} aliases`);
    } else if (this.aliased > MAX_ALIASED) {
      this.problems.atOffset(at, `aliases stand for more than ${MAX_ALIASED} values`);
      this.problems.throwIfAny();
    } else if (!node) {
      this.problems.atOffset(at, `no anchor &${source} is complete before this alias`);
    }
    return node ?? MISSING;
  }
}

/** A null without source text of its own. */
function isEmpty(parsed: ParsedNode): boolean {
  return isScalar(parsed) && parsed.range[0] === parsed.range[1];
}

const { tags } = new Schema({ schema: 'core' });

/** The value of an unquoted text in the core schema (YAML 1.2.2, section 10.3.2). */
export function resolve(text: string): Scalar['value'] {
  for (const tag of tags) {
    if (!('test' in tag) || !tag.test?.test(text)) continue;
    const found = tag.resolve(text, () => undefined, {});
    return exactly(text, (isScalar(found) ? found.value : found) as Scalar['value']);
  }
  return text;
}

/**
 * The value of a plain scalar: a number that cannot be represented exactly (above 2^53, infinite,
 * NaN) stays its source text. A container's environment receives the text; where a number is
 * required, the text is rejected.
 */
export function exactly(text: string, value: Scalar['value']): Scalar['value'] {
  if (typeof value !== 'number') return value;
  const isExact = Number.isFinite(value) && (Number.isSafeInteger(value) || value % 1 !== 0);
  return isExact ? value : text;
}

/** Why a scalar cannot be used in any place; undefined if it can. */
export function complaintOf({ text }: Pick<Scalar, 'text'>): string | undefined {
  return text.includes('\0') ? 'text must not hold a NUL character' : undefined;
}
