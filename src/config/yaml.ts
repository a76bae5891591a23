import {
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  YAMLException,
} from 'js-yaml';
import { UserError } from '../model/errors.js';
import type { Document, Entry, Mapping, Node, Scalar, Sequence } from './document.js';
import { Problems } from './problem.js';
import { complaintOf, resolve } from './scalar.js';

/** Bytes. */
export const MAX_SIZE = 1024 * 1024;
const MAX_ALIASES = 50;
/** Values that aliases may stand for in all: ten aliases of ten aliases of … grow without end. */
const MAX_ALIASED = 10_000;
/** Keys that would reach an object's prototype, and the merge key of YAML 1.1. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype', '<<']);

/**
 * Reads one document of YAML 1.2, core schema, without tags. Stricter than the language where a
 * file could mean something else than it seems to: no duplicate keys, few aliases, finite numbers.
 *
 * @throws ConfigError with all that is wrong
 */
export function parseYaml(file: string, text: string): Document {
  if (Buffer.byteLength(text) > MAX_SIZE) {
    throw new UserError(`cannot read ${file}: it is larger than 1 MiB`);
  }
  const problems = new Problems({ file, text });
  const events = eventsOf(text, problems);
  const composed = new Composer(text, problems).compose(events);
  problems.throwIfAny();
  return { file, text, ...composed };
}

function eventsOf(text: string, problems: Problems): Event[] {
  try {
    return parseEvents(text, {});
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const at = error.mark?.position ?? 0;
    problems.atOffset(at, `not YAML: ${error.reason}`, quoteHint(text, at));
    problems.throwIfAny();
    throw error;
  }
}

interface Frame {
  node: Mapping | Sequence;
  /** In a mapping: the key whose value comes next. */
  key?: { text: string; at: number } | undefined;
  at: number;
  anchor: string | undefined;
  /** Values seen before it. */
  before: number;
}

/** Builds nodes from events. */
class Composer {
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

  compose(events: Event[]): { root: Entry; scalars: Scalar[] } {
    for (const event of events) {
      this.take(event);
      if (this.documents > 1 || this.aliased > MAX_ALIASED) break;
    }
    const empty: Scalar = { type: 'scalar', plain: true, text: '', value: null, start: 0, end: 0 };
    return { root: this.root ?? { key: 0, at: 0, node: empty }, scalars: this.scalars };
  }

  private take(event: Event): void {
    if (event.type === EVENT_ID.DOCUMENT) this.document(event);
    else if (event.type === EVENT_ID.SCALAR) this.scalar(event);
    else if (event.type === EVENT_ID.ALIAS) this.alias(event);
    else if (event.type === EVENT_ID.POP) this.close();
    else this.open(event);
  }

  private document({ directives }: Extract<Event, { type: typeof EVENT_ID.DOCUMENT }>): void {
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

  private scalar(event: Extract<Event, { type: typeof EVENT_ID.SCALAR }>): void {
    const text = getScalarValue(this.text, event);
    const plain = event.style === SCALAR_STYLE.PLAIN;
    const { valueStart: start, valueEnd: end } = event;
    const node: Scalar = {
      type: 'scalar',
      plain,
      text,
      value: plain ? resolve(text) : text,
      start,
      end,
    };
    const at = start < 0 ? this.here() : start - this.indicator(event);
    this.refuseTag(event);
    const isKey = this.place(node, at);
    if (isKey) return;
    const complaint = complaintOf(node);
    if (complaint) this.problems.atOffset(at, complaint);
    if (start >= 0) this.scalars.push(node);
    this.remember(this.anchorOf(event), node, 1);
  }

  /** How far before its content a scalar begins: the quote, or back to `|` or `>`. */
  private indicator(event: Extract<Event, { type: typeof EVENT_ID.SCALAR }>): number {
    if (event.style === SCALAR_STYLE.PLAIN) return 0;
    const { LITERAL_BLOCK, FOLDED_BLOCK } = SCALAR_STYLE;
    if (event.style !== LITERAL_BLOCK && event.style !== FOLDED_BLOCK) return 1;
    const mark = event.style === LITERAL_BLOCK ? '|' : '>';
    return event.valueStart - this.text.lastIndexOf(mark, event.valueStart - 1);
  }

  private alias(event: Extract<Event, { type: typeof EVENT_ID.ALIAS }>): void {
    const name = this.text.slice(event.anchorStart, event.anchorEnd);
    const at = event.anchorStart - 1;
    const anchor = this.anchors.get(name);
    this.aliases++;
    this.aliased += anchor?.size ?? 0;
    this.values += anchor?.size ?? 0;
    if (this.aliases === MAX_ALIASES + 1) {
      this.problems.atOffset(at, `more than ${MAX_ALIASES} aliases`);
    } else if (this.aliased > MAX_ALIASED) {
      this.problems.atOffset(at, `aliases stand for more than ${MAX_ALIASED} values`);
    } else if (!anchor)
      this.problems.atOffset(at, `no anchor &${name} is complete before this alias`);
    const missing: Scalar = {
      type: 'scalar',
      plain: true,
      text: '',
      value: null,
      start: -1,
      end: -1,
    };
    this.place(anchor?.node ?? missing, at);
  }

  private open(
    event: Extract<Event, { type: typeof EVENT_ID.MAPPING | typeof EVENT_ID.SEQUENCE }>,
  ): void {
    const isMapping = event.type === EVENT_ID.MAPPING;
    const node: Mapping | Sequence = isMapping
      ? { type: 'mapping', entries: new Map() }
      : { type: 'sequence', items: [] };
    this.refuseTag(event);
    this.place(node, event.start);
    this.stack.push({ node, at: event.start, anchor: this.anchorOf(event), before: this.values });
  }

  private close(): void {
    const frame = this.stack.pop();
    if (frame) this.remember(frame.anchor, frame.node, this.values - frame.before + 1);
  }

  /** Puts a node where it belongs; true when it is a key. */
  private place(node: Node, at: number): boolean {
    this.values++;
    const frame = this.stack.at(-1);
    if (!frame) this.root = { key: at, at, node };
    else if (frame.node.type === 'sequence') frame.node.items.push({ key: at, at, node });
    else if (!frame.key) {
      frame.key = { text: this.keyText(frame.node, node, at), at };
      return true;
    } else {
      const { text, at: key } = frame.key;
      if (!frame.node.entries.has(text)) frame.node.entries.set(text, { key, at, node });
      frame.key = undefined;
    }
    return false;
  }

  private keyText(mapping: Mapping, node: Node, at: number): string {
    if (node.type !== 'scalar' || node.text === '') {
      this.problems.atOffset(at, 'a key must be text');
      return '';
    }
    const quoted = JSON.stringify(node.text);
    if (FORBIDDEN_KEYS.has(node.text)) {
      this.problems.atOffset(at, `unknown key ${quoted}`, forbiddenHint(node.text));
    } else if (node.text.includes('\0')) {
      this.problems.atOffset(at, 'a key must not hold a NUL character');
    } else if (mapping.entries.has(node.text)) {
      this.problems.atOffset(at, `the key ${quoted} is already there, further up in this mapping`);
    }
    return node.text;
  }

  private refuseTag({ tagStart, tagEnd }: { tagStart: number; tagEnd: number }): void {
    if (tagStart < 0) return;
    const tag = this.text.slice(tagStart, tagEnd);
    this.problems.atOffset(
      tagStart,
      `tag ${tag} is not allowed`,
      'put text in quotes, leave numbers bare',
    );
  }

  private anchorOf(event: { anchorStart: number; anchorEnd: number }): string | undefined {
    return event.anchorStart < 0 ? undefined : this.text.slice(event.anchorStart, event.anchorEnd);
  }

  private remember(anchor: string | undefined, node: Node, size: number): void {
    if (anchor !== undefined) this.anchors.set(anchor, { node, size });
  }

  /** Where a value that is left out would stand. */
  private here(): number {
    const frame = this.stack.at(-1);
    return frame?.key?.at ?? frame?.at ?? 0;
  }
}

function forbiddenHint(key: string): string | undefined {
  return key === '<<' ? 'merge keys are YAML 1.1; an alias of the whole value works' : undefined;
}

/** An unquoted variable among others in braces or brackets is taken for a mapping. */
function quoteHint(text: string, at: number): string | undefined {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at + 1);
  return /[{[].*\$\{[^"']*$/.test(line)
    ? 'inside { } and [ ], put quotes around a value with a variable'
    : undefined;
}
