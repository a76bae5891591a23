import type { Path } from '../document.js';
import type { Scalar } from '../file.gen.js';
import { parseDuration, parseSize } from '../units.js';
import type { Reading } from './reading.js';

/** Bytes. */
export function sizeOf(
  raw: string | number | undefined,
  path: Path,
  { problems }: Reading,
): number | undefined {
  if (raw === undefined) return undefined;
  const bytes = parseSize(raw);
  if (bytes === undefined) problems.atValue(path, `${path.join('.')} is too large`);
  return bytes;
}

/** Milliseconds, at most a day. */
export function durationOf(raw: string, path: Path, { problems }: Reading): number {
  const milliseconds = parseDuration(raw) ?? Number.POSITIVE_INFINITY;
  if (milliseconds > 24 * 3_600_000) problems.atValue(path, `${path.join('.')} is more than 24h`);
  return milliseconds;
}

/** A list stands for itself, a string for what a shell makes of it. */
export function argumentsOf(
  raw: Scalar[] | string | undefined,
  path: Path,
  reading: Reading,
): string[] | undefined {
  if (typeof raw === 'string') return ['/bin/sh', '-c', raw];
  return raw?.map((each, i) => textOf(each, [...path, i], reading));
}

/** A mapping, or a list of KEY=VALUE. */
export function pairsOf(
  raw: { [key: string]: Scalar } | string[] | undefined,
  path: Path,
  reading: Reading,
): Record<string, string> {
  const pairs: Record<string, string> = {};
  if (!Array.isArray(raw)) {
    for (const key in raw) pairs[key] = textOf(raw[key] ?? '', [...path, key], reading);
    return pairs;
  }
  raw.forEach((each, i) => {
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(each) ?? [];
    if (Object.hasOwn(pairs, key)) {
      reading.problems.atValue([...path, i], `${path.join('.')} gives ${key} twice`);
    }
    pairs[key] = value;
  });
  return pairs;
}

/** A bare number or truth value stands for what was written. */
function textOf(raw: Scalar, path: Path, { written }: Reading): string {
  return typeof raw === 'string' ? raw : written(path);
}
