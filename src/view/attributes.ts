import { structuredPatch } from 'diff';
import { formatEntry, formatValue, isOrdered } from '../model/attribute-text.js';
import { equal } from '../model/json.js';
import type { Difference } from '../model/plan.js';
import { printable } from '../model/printable.js';
import { displayedAttributes } from './displayed-attributes.js';
import type { Paint } from './view.js';

const INDENT = ' '.repeat(6);
const DEEPER = ' '.repeat(10);
const COLORS = { '+': 'green', '-': 'red', '~': 'yellow' } as const;

/** Characters of a digest that are shown, as by Docker. */
const DIGEST_LENGTH = 12;

type Symbol = keyof typeof COLORS;

/** `+ limits.memory: 64M`, one line for each attribute of a created or destroyed resource. */
export function attributeLines(
  symbol: '+' | '-',
  address: string,
  spec: unknown,
  paint: Paint,
): string[] {
  if (spec === undefined) return [];
  return flatten('', displayedAttributes(address, spec)).map(([attribute, value]) =>
    line(symbol, `${attribute}: ${formatValue(attribute, value)}`, paint),
  );
}

/**
 * One difference: objects key by key, texts as a diff, lists entry by entry, files of the host by
 * their paths, anything else `before → after`. Nothing without a value to show: then the reason in the
 * title is enough.
 */
export function differenceLines(
  { attribute, before, after, effect, files, digests }: Difference,
  replaces: boolean,
  paint: Paint,
): string[] {
  const forced = replaces && effect === 'replace' ? '  # forces replacement' : '';
  if (isText(before) && isText(after) && (before + after).includes('\n')) {
    return [line('~', `${attribute}:${forced}`, paint), ...diffLines(before, after, paint)];
  }
  if (digests) {
    const [from, to] = [before, after].map((each) => String(each).slice(0, DIGEST_LENGTH));
    return [line('~', `${attribute}: (digest ${from} → ${to})${forced}`, paint)];
  }
  if (files) {
    return files.map((path) => line('~', `${attribute}: content of ${path}${forced}`, paint));
  }
  return pairs(attribute, before, after).flatMap(([name, from, to]) => {
    if (from === undefined) return line('+', `${name}: ${formatValue(name, to)}${forced}`, paint);
    if (to === undefined) return line('-', `${name}: ${formatValue(name, from)}${forced}`, paint);
    const entries = entryLines(name, from, to, paint);
    if (entries.length > 0) return [line('~', `${name}:${forced}`, paint), ...entries];
    return line(
      '~',
      `${name}: ${formatValue(name, from)} → ${formatValue(name, to)}${forced}`,
      paint,
    );
  });
}

/** Entries removed from and added to a list; nothing if it is no list or only its order differs. */
function entryLines(name: string, before: unknown, after: unknown, paint: Paint): string[] {
  if (!Array.isArray(before) || !Array.isArray(after) || isOrdered(name)) return [];
  const lacking = (all: unknown[], others: unknown[]) =>
    all.filter((each) => !others.some((other) => equal(each, other)));
  return [
    ...lacking(before, after).map((each) => entryLine('-', formatEntry(name, each), paint)),
    ...lacking(after, before).map((each) => entryLine('+', formatEntry(name, each), paint)),
  ];
}

function entryLine(symbol: Symbol, text: string, paint: Paint): string {
  return `${DEEPER}${paint(COLORS[symbol], symbol)} ${printable(text)}`;
}

function line(symbol: Symbol, text: string, paint: Paint): string {
  return `${INDENT}${paint(COLORS[symbol], symbol)} ${printable(text)}`;
}

function diffLines(before: string, after: string, paint: Paint): string[] {
  return textDiff(before, after).map((each) => {
    const color = each[0] === '+' ? 'green' : each[0] === '-' ? 'red' : 'dim';
    return DEEPER + paint(color, printable(each));
  });
}

function pairs(name: string, before: unknown, after: unknown): [string, unknown, unknown][] {
  if (equal(before ?? null, after ?? null)) return [];
  if (!isObject(before) || !isObject(after))
    return [[name, before ?? undefined, after ?? undefined]];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => pairs(`${name}.${key}`, before[key], after[key]));
}

function flatten(prefix: string, value: unknown): [string, unknown][] {
  if (isEmpty(value)) return [];
  if (!isObject(value)) return [[prefix, value]];
  return Object.entries(value).flatMap(([key, each]) =>
    flatten(prefix === '' ? key : `${prefix}.${key}`, each),
  );
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The hunks of a unified diff with three lines around each, without a file header. */
export function textDiff(before: string, after: string): string[] {
  const { hunks } = structuredPatch('', '', before, after, undefined, undefined, { context: 3 });
  return hunks.flatMap((hunk) => [
    `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`,
    ...hunk.lines,
  ]);
}
