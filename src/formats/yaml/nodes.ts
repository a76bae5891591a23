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
import type { Document, Entry, Mapping, Node, Scalar } from '../../config/document.js';
import type { Problems } from '../../config/problem.js';

const MAX_ALIASES = 50;
/**
 * Maximum number of values that all aliases may expand to: ten aliases of ten aliases of … grow
 * exponentially.
 */
const MAX_ALIASED = 10_000;
/** Keys that would reach an object's prototype, and the merge key of YAML 1.1. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype', '<<']);
/** The node of a missing value. */
const MISSING: Scalar = { type: 'scalar', plain: true, text: '', value: null, start: -1, end: -1 };

/** Converts the library's nodes to ours, and rejects what parseYaml documents. */
export class Nodes {
  private readonly scalars: Scalar[] = [];
  private readonly anchors = new Map<string, { node: Node; size: number }>();
  private values = 0;
  private aliases = 0;
  private aliased = 0;

  constructor(private readonly problems: Problems) {}

  read(contents: ParsedNode | null): Pick<Document, 'root' | 'scalars'> {
    return { root: this.entry(contents, contents?.range[0] ?? 0), scalars: this.scalars };
  }

  private entry(parsed: ParsedNode | null, key: number): Entry {
    const before = this.values++;
    if (!parsed) return { key, at: key, node: MISSING };
    const node = this.node(parsed);
    const size = this.values - before;
    if ('anchor' in parsed && parsed.anchor) this.anchors.set(parsed.anchor, { node, size });
    return { key, at: isEmpty(parsed) ? key : parsed.range[0], node };
  }

  private node(parsed: ParsedNode): Node {
    if (isScalar(parsed)) return this.scalar(parsed);
    if (isAlias(parsed)) return this.alias(parsed);
    if (isMap(parsed)) return this.mapping(parsed);
    const items = parsed.items as ParsedNode[];
    return { type: 'sequence', items: items.map((item) => this.entry(item, item.range[0])) };
  }

  private scalar({ type, value, source, range }: ParsedScalar.Parsed): Scalar {
    const plain = type === 'PLAIN';
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
    for (const { key, value } of items) {
      // the library rejects all other kinds of keys
      const name = isScalar(key) ? String(key.value) : '';
      const at = key.range[0];
      this.checkKey(entries, name, at);
      const entry = this.entry(value, at);
      if (!entries.has(name)) entries.set(name, entry);
    }
    return { type: 'mapping', entries };
  }

  private checkKey(entries: Mapping['entries'], key: string, at: number): void {
    if (key === '') this.problems.atOffset(at, 'a key must be text');
    else if (FORBIDDEN_KEYS.has(key)) {
      const hint = 'merge keys are YAML 1.1; an alias of the whole value works';
      const message = `unknown key ${JSON.stringify(key)}`;
      this.problems.atOffset(at, message, key === '<<' ? hint : undefined);
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
    return exactly(text, tag.resolve(text, () => undefined, {}) as Scalar['value']);
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
