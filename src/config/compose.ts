import { EVENT_ID, type Event, getScalarValue, SCALAR_STYLE } from 'js-yaml';
import type { Document, Entry, Mapping, Node, Scalar, Sequence } from './document.js';
import type { Problems } from './problem.js';
import { complaintOf, resolve } from './scalar.js';

const MAX_ALIASES = 50;
/** Values that aliases may stand for in all: ten aliases of ten aliases of … grow without end. */
const MAX_ALIASED = 10_000;
/** Keys that would reach an object's prototype, and the merge key of YAML 1.1. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype', '<<']);
/** What a value that is missing counts as. */
const NOTHING: Scalar = { type: 'scalar', plain: true, text: '', value: null, start: -1, end: -1 };

type EventOf<T extends keyof typeof EVENT_ID> = Extract<Event, { type: (typeof EVENT_ID)[T] }>;

interface Frame {
  node: Mapping | Sequence;
  /** In a mapping: the key whose value comes next. */
  key?: { text: string; at: number } | undefined;
  at: number;
  anchor: string | undefined;
  /** Values seen before it. */
  before: number;
}

/** Builds nodes from events, and refuses what parseYaml says. */
export class Composer {
  private readonly scalars: Scalar[] = [];
  private readonly anchors = new Map<string, { node: Node; size: number }>();
  private readonly stack: Frame[] = [];
  private root: Entry | undefined;
  private documents = 0;
  private values = 0;
  private aliases = 0;
  private aliased = 0;

  constructor(
    private readonly text: string,
    private readonly problems: Problems,
  ) {}

  compose(events: Event[]): Pick<Document, 'root' | 'scalars'> {
    for (const event of events) {
      this.take(event);
      if (this.documents > 1 || this.aliased > MAX_ALIASED) break;
    }
    return { root: this.root ?? { key: 0, at: 0, node: NOTHING }, scalars: this.scalars };
  }

  private take(event: Event): void {
    if (event.type === EVENT_ID.SCALAR) this.scalar(event);
    else if (event.type === EVENT_ID.POP) this.close();
    else if (event.type === EVENT_ID.ALIAS) this.alias(event);
    else if (event.type === EVENT_ID.DOCUMENT) this.document(event);
    else this.open(event);
  }

  private document({ directives }: EventOf<'DOCUMENT'>): void {
    this.documents++;
    if (this.documents > 1) {
      const next = this.text.slice(this.root?.at).search(/^(---|\.\.\.)/m);
      this.problems.atOffset((this.root?.at ?? 0) + Math.max(0, next), 'a file is one document');
    }
    for (const directive of directives) {
      if (directive.kind === 'yaml' && directive.version === '1.2') continue;
      const at = Math.max(0, this.text.search(/^%/m));
      this.problems.atOffset(at, 'only YAML 1.2 without %TAG is read', 'remove the directive');
    }
  }

  private scalar(event: EventOf<'SCALAR'>): void {
    const text = getScalarValue(this.text, event);
    const { valueStart: start, valueEnd: end } = event;
    const frame = this.stack.at(-1);
    const at = start < 0 ? (frame?.key?.at ?? frame?.at ?? 0) : start - this.indicator(event);
    this.refuseTag(event);
    if (frame?.node.type === 'mapping' && !frame.key) {
      this.checkKey(frame.node, text, at);
      frame.key = { text, at };
      return;
    }
    const plain = event.style === SCALAR_STYLE.PLAIN;
    const value = plain ? resolve(text) : text;
    const node: Scalar = { type: 'scalar', plain, text, value, start, end };
    const complaint = complaintOf(node);
    if (complaint) this.problems.atOffset(at, complaint);
    this.place(node, at);
    this.remember(this.anchorOf(event), node, 1);
    if (start >= 0) this.scalars.push(node);
  }

  /** How far before its content a scalar begins: the quote, or back to `|` or `>`. */
  private indicator({ style, valueStart }: EventOf<'SCALAR'>): number {
    if (style === SCALAR_STYLE.PLAIN) return 0;
    const { LITERAL_BLOCK, FOLDED_BLOCK } = SCALAR_STYLE;
    if (style !== LITERAL_BLOCK && style !== FOLDED_BLOCK) return 1;
    const mark = style === LITERAL_BLOCK ? '|' : '>';
    return valueStart - this.text.lastIndexOf(mark, valueStart - 1);
  }

  private alias({ anchorStart, anchorEnd }: EventOf<'ALIAS'>): void {
    const name = this.text.slice(anchorStart, anchorEnd);
    const at = anchorStart - 1;
    const { node, size } = this.anchors.get(name) ?? { node: undefined, size: 0 };
    this.aliases++;
    this.aliased += size;
    this.values += size;
    if (this.aliases === MAX_ALIASES + 1) {
      this.problems.atOffset(at, `more than ${MAX_ALIASES} aliases`);
    } else if (this.aliased > MAX_ALIASED) {
      this.problems.atOffset(at, `aliases stand for more than ${MAX_ALIASED} values`);
    } else if (!node) {
      this.problems.atOffset(at, `no anchor &${name} is complete before this alias`);
    }
    this.place(node ?? NOTHING, at);
  }

  private open(event: EventOf<'MAPPING' | 'SEQUENCE'>): void {
    const node: Mapping | Sequence =
      event.type === EVENT_ID.MAPPING
        ? { type: 'mapping', entries: new Map() }
        : { type: 'sequence', items: [] };
    const at = event.start;
    this.refuseTag(event);
    this.place(node, at);
    this.stack.push({
      node,
      key: undefined,
      at,
      anchor: this.anchorOf(event),
      before: this.values,
    });
  }

  private close(): void {
    const frame = this.stack.pop();
    if (frame) this.remember(frame.anchor, frame.node, this.values - frame.before + 1);
  }

  /** Puts a value where it belongs. */
  private place(node: Node, at: number): void {
    this.values++;
    const frame = this.stack.at(-1);
    if (!frame) this.root = { key: at, at, node };
    else if (frame.node.type === 'sequence') frame.node.items.push({ key: at, at, node });
    else if (frame.key) {
      const { text, at: key } = frame.key;
      if (!frame.node.entries.has(text)) frame.node.entries.set(text, { key, at, node });
      frame.key = undefined;
    } else {
      this.problems.atOffset(at, 'a key must be text');
      frame.key = { text: '', at };
    }
  }

  private checkKey({ entries }: Mapping, key: string, at: number): void {
    if (key === '') this.problems.atOffset(at, 'a key must be text');
    else if (FORBIDDEN_KEYS.has(key)) {
      const hint = 'merge keys are YAML 1.1; an alias of the whole value works';
      const message = `unknown key ${JSON.stringify(key)}`;
      this.problems.atOffset(at, message, key === '<<' ? hint : undefined);
    } else if (key.includes('\0')) {
      this.problems.atOffset(at, 'a key must not hold a NUL character');
    } else if (entries.has(key)) {
      const message = `the key ${JSON.stringify(key)} is already there, further up in this mapping`;
      this.problems.atOffset(at, message);
    }
  }

  private refuseTag({ tagStart, tagEnd }: { tagStart: number; tagEnd: number }): void {
    if (tagStart < 0) return;
    const message = `tag ${this.text.slice(tagStart, tagEnd)} is not allowed`;
    this.problems.atOffset(tagStart, message, 'put text in quotes, leave numbers bare');
  }

  private anchorOf(event: { anchorStart: number; anchorEnd: number }): string | undefined {
    return event.anchorStart < 0 ? undefined : this.text.slice(event.anchorStart, event.anchorEnd);
  }

  private remember(anchor: string | undefined, node: Node, size: number): void {
    if (anchor !== undefined) this.anchors.set(anchor, { node, size });
  }
}
