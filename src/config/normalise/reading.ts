import type { Path } from '../document.js';
import type { Problems } from '../problem.js';

/** What the short forms are spelled out with. */
export interface Reading {
  problems: Problems;
  /** Where relative paths begin: the folder of the file. */
  directory: string;
  /** A scalar as it was written: `1.10`, where the value is 1.1. */
  written(path: Path): string;
}

/** An object without the keys whose value is undefined, for exact optional properties. */
export function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const result: Partial<T> = {};
  for (const key in value) if (value[key] !== undefined) result[key] = value[key];
  return result as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** Applies to each entry of a section; an empty section has none. */
export function mapEntries<In, Out>(
  section: { [name: string]: In } | null | undefined,
  one: (entry: In, name: string) => Out,
): Record<string, Out> {
  const entries = Object.entries(section ?? {});
  return Object.fromEntries(entries.map(([name, entry]) => [name, one(entry, name)]));
}
