import type { Path } from './document.js';
import type { Problems } from './problem.js';
import { parseDuration, parseSize } from './units.js';

/** A value of a mapping, or an argument, as the file may have it. */
export type Scalar = string | number | boolean;

/** Bytes. */
export function sizeOf(
  raw: string | number | undefined,
  path: Path,
  { problems }: ParseContext,
): number | undefined {
  if (raw === undefined) return undefined;
  const bytes = parseSize(raw);
  if (bytes === undefined) problems.atValue(path, `${path.join('.')} is too large`);
  return bytes;
}

/** Milliseconds, at most a day. */
export function durationOf(raw: string, path: Path, { problems }: ParseContext): number {
  const milliseconds = parseDuration(raw) ?? Number.POSITIVE_INFINITY;
  if (milliseconds > 24 * 3_600_000) problems.atValue(path, `${path.join('.')} is more than 24h`);
  return milliseconds;
}

/** (uid_t) -1 means "leave unchanged" to the kernel. */
const MAX_ID = 2 ** 32 - 2;

/** `user`, `uid`, `user:group`; either part may be missing, as in Docker: `33:`, `:44`. */
export function userOf(
  raw: string | number | undefined,
  path: Path,
  { problems }: ParseContext,
): string | undefined {
  if (raw === undefined) return undefined;
  const ids = String(raw)
    .split(':')
    .filter((part) => /^\d+$/.test(part));
  const wrong = ids.find((id) => Number(id) > MAX_ID);
  if (wrong !== undefined) problems.atValue(path, `${wrong} is no id, 0 to ${MAX_ID}`);
  return String(raw);
}

/** A list is used as it is; a string is split as by a shell. */
export function argumentsOf(
  raw: Scalar[] | string | undefined,
  path: Path,
  reading: ParseContext,
): string[] | undefined {
  if (typeof raw === 'string') return ['/bin/sh', '-c', raw];
  return raw?.map((each, i) => textOf(each, [...path, i], reading));
}

/** A mapping, or a list of KEY=VALUE. */
export function pairsOf(
  raw: { [key: string]: Scalar } | string[] | undefined,
  path: Path,
  reading: ParseContext,
): Record<string, string> {
  if (!Array.isArray(raw)) {
    const entries = Object.entries(raw ?? {});
    return Object.fromEntries(
      entries.map(([key, value]) => [key, textOf(value ?? '', [...path, key], reading)]),
    );
  }
  const pairs = new Map<string, string>();
  raw.forEach((each, i) => {
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(each) ?? [];
    if (pairs.has(key)) {
      reading.problems.atValue([...path, i], `${path.join('.')} gives ${key} twice`);
    }
    pairs.set(key, value);
  });
  return Object.fromEntries(pairs);
}

/** A bare number or boolean means its source text. */
function textOf(raw: Scalar, path: Path, { written }: ParseContext): string {
  return typeof raw === 'string' ? raw : written(path);
}

/** A resource limit of getrlimit(2); -1 is none. */
export interface Ulimit {
  soft: number;
  hard: number;
}

/** One number stands for both. */
export function ulimitOf(raw: number | Ulimit, path: Path, { problems }: ParseContext): Ulimit {
  const { soft, hard } = typeof raw === 'number' ? { soft: raw, hard: raw } : raw;
  const above = hard !== -1 && (soft === -1 || soft > hard);
  if (above) problems.atValue(path, `the soft limit ${soft} is above the hard limit ${hard}`);
  return { soft, hard };
}

/** What expanding short forms depends on. */
export interface ParseContext {
  problems: Problems;
  /** Base of relative paths: the file's folder. */
  directory: string;
  /** The same for a value: it may come from a file that was included or extended. */
  directoryOf(path: Path): string;
  /** Absolute paths of the stack's files of variables, of which some may be missing. */
  envFiles: readonly string[];
  /** A scalar's source text: `1.10`, where the value is 1.1. */
  written(path: Path): string;
}

/** An object without keys whose value is undefined, for exact optional properties. */
export function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const result: Partial<T> = {};
  for (const key in value) if (value[key] !== undefined) result[key] = value[key];
  return result as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** Maps each entry of a section; an empty section has none. */
export function mapEntries<In, Out>(
  section: { [name: string]: In } | null | undefined,
  one: (entry: In, name: string) => Out,
): Record<string, Out> {
  const entries = Object.entries(section ?? {});
  return Object.fromEntries(entries.map(([name, entry]) => [name, one(entry, name)]));
}
