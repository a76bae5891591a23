import type { Entry, Mapping, Node, Scalar, Sequence } from '../config/document.js';
import type { Json } from '../model/json.js';

/** Tools to take apart and to make entries, which keep the places of the values they are made from. */

export const mappingOf = (entry: Entry | undefined): Mapping['entries'] | undefined =>
  entry?.node.type === 'mapping' ? entry.node.entries : undefined;

export const itemsOf = (entry: Entry | undefined): Sequence['items'] | undefined =>
  entry?.node.type === 'sequence' ? entry.node.items : undefined;

/** The source text of a scalar. */
export const textOf = (entry: Entry | undefined): string | undefined =>
  entry?.node.type === 'scalar' ? entry.node.text : undefined;

export const isNull = ({ node }: Entry): boolean => node.type === 'scalar' && node.value === null;

/** The entry below a path of keys. */
export function below(entry: Entry | undefined, ...keys: string[]): Entry | undefined {
  let at = entry;
  for (const key of keys) at = mappingOf(at)?.get(key);
  return at;
}

/** The keys and entries of a mapping; none of anything else. */
export const fieldsOf = (entry: Entry | undefined): [string, Entry][] => [
  ...(mappingOf(entry) ?? []),
];

/** Another node in the same place. */
export function inPlaceOf({ key, at, source }: Entry, node: Node): Entry {
  return { key, at, source, node };
}

export function mapping(
  place: Entry,
  fields: Iterable<readonly [string, Entry | undefined]>,
): Entry {
  const entries = new Map<string, Entry>();
  for (const [name, entry] of fields) if (entry) entries.set(name, entry);
  return inPlaceOf(place, { type: 'mapping', entries });
}

export const sequence = (place: Entry, items: Entry[]): Entry =>
  inPlaceOf(place, { type: 'sequence', items });

export function scalar(place: Entry, value: Scalar['value']): Entry {
  const { at } = place;
  const text = value === null ? '' : String(value);
  return inPlaceOf(place, { type: 'scalar', plain: true, text, value, start: at, end: at });
}

/** Plain data, all of it in one place. */
export function entryOf(place: Entry, value: Json | undefined): Entry {
  if (value === undefined) return scalar(place, null);
  if (Array.isArray(value)) {
    return sequence(
      place,
      value.map((each) => entryOf(place, each)),
    );
  }
  if (typeof value !== 'object' || value === null) return scalar(place, value);
  const fields = Object.entries(value).map(([name, each]) => [name, entryOf(place, each)] as const);
  return mapping(place, fields);
}

/** A mapping with other values for some keys; undefined takes a key away. */
export function changed(entry: Entry, fields: Readonly<Record<string, Entry | undefined>>): Entry {
  const entries = new Map(mappingOf(entry));
  for (const [name, each] of Object.entries(fields)) {
    if (each) entries.set(name, each);
    else entries.delete(name);
  }
  return { ...entry, node: { type: 'mapping', entries } };
}
