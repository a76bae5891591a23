import { split } from 'shlex';
import type { Entry } from '../../config/document.js';
import type { Problems } from '../../config/problem.js';
import { parseDuration } from '../../config/units.js';
import { isNull, itemsOf, scalar, sequence, textOf } from '../entries.js';

/** `a 'b c'` as words, without a shell, as Compose does; a list stays one. */
export function wordsOf(value: Entry, problems: Problems): Entry | undefined {
  const text = textOf(value);
  if (isNull(value)) return undefined;
  if (text === undefined) return value;
  try {
    return sequence(
      value,
      split(text).map((word) => scalar(value, word)),
    );
  } catch {
    problems.of(value, `cannot split ${JSON.stringify(text)} into words: a quote does not end`);
    return undefined;
  }
}

/** One value, or a list of them. */
export const listOf = (value: Entry): Entry =>
  itemsOf(value) || isNull(value) ? value : sequence(value, [value]);

const UNITS: Readonly<Record<string, number>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 0.000_001,
};

/** Milliseconds of `1h30m`, `1d`, `500us`; of a bare number, nanoseconds as in Go. Undefined for anything else. */
export function millisecondsOf(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) / 1e6;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/gy)];
  if (parts.length === 0 || parts.map(([each]) => each).join('') !== text) return undefined;
  return parts.reduce(
    (sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ''] ?? 0),
    0,
  );
}

/** A duration in the units of baleine.yaml, which has whole milliseconds. */
export function durationOf(value: Entry, problems: Problems): Entry | undefined {
  const text = textOf(value) ?? '';
  const milliseconds = millisecondsOf(text);
  if (milliseconds === undefined) {
    problems.of(value, `${JSON.stringify(text)} is no duration`, 'write 10s, 1m30s or 500ms');
    return undefined;
  }
  if (parseDuration(text) !== undefined && !/^\d+$/.test(text)) return value;
  return scalar(value, `${Math.ceil(milliseconds)}ms`);
}

/** A number that may be written as text. */
export function numberOf(value: Entry): Entry {
  const text = textOf(value) ?? '';
  return /^-?\d+(\.\d+)?$/.test(text) ? scalar(value, Number(text)) : value;
}

/** A boolean that may be written as text. */
export function isTrue(value: Entry | undefined): boolean {
  return value !== undefined && /^(true|yes|on|y|1)$/i.test(textOf(value) ?? '');
}

/** The same, where other text is an error. */
export function booleanOf(value: Entry, problems: Problems): Entry {
  const text = textOf(value) ?? '';
  if (!isNull(value) && !/^(true|false|yes|no|on|off|y|n|1|0|)$/i.test(text)) {
    problems.of(value, `${JSON.stringify(text)} is neither true nor false`);
  }
  return scalar(value, isTrue(value));
}

/** A name of an image, volume, … that is made from another text. */
export function nameFrom(text: string, hash: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '');
  const isSame = name === text;
  if (isSame && name.length <= 63) return name;
  return name.length <= 54 && name.length > 0
    ? name
    : `${name.slice(0, 54)}-${hash}`.replace(/^-/, '');
}
