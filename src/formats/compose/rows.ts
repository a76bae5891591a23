import type { Entry } from '../../config/document.js';
import { fieldsOf, textOf } from '../entries.js';
import type { Loading } from '../project/loading.js';
import type { Warnings } from '../project/warnings.js';

/** Keys and values of an entry of baleine.yaml. */
export type Fields = Record<string, Entry | undefined>;

/**
 * What becomes of a key of the Compose specification. There is no fourth way: a key without a row is
 * unknown to the specification, and an error.
 */
export type Row = Translated | NoEffect | Refused;

interface Translated {
  effect: 'translated';
  /** The key of baleine.yaml, or how it is carried out; for the reference. */
  as: string;
  /** The keys it becomes; absent where the row of a key above it reads it. */
  translate?(value: Entry, to: Translation): Fields;
}

interface NoEffect {
  effect: 'no effect';
  /** Why: `attach` has no effect: *there is no foreground*. */
  why: string;
}

interface Refused {
  effect: 'refused';
  why: string;
  hint: string;
}

/** By key; keys of a mapping below another key by their path, `build.args`. */
export type Rows = Readonly<Record<string, Row>>;

/** The service, network, … that is being translated. */
export interface Translation {
  loading: Loading;
  warnings: Warnings;
  /** The name of the service, network, … */
  name: string;
  /** Its mapping in the compose file. */
  entry: Entry;
  /** The whole file. */
  root: Entry;
  /** Collects resources that a service brings along. */
  resources: Resources;
}

/** Entries of baleine.yaml that services bring along, by section. */
export interface Resources {
  images: Map<string, Entry>;
  volumes: Map<string, Entry>;
}

export const translated = (as: string, translate?: Translated['translate']): Row => ({
  effect: 'translated',
  as,
  ...(translate && { translate }),
});

/** The same key with the same value. An empty text, as of an unset variable, is no value. */
export const same = (as: string): Row =>
  translated(`\`${as}\``, (value) => (textOf(value) === '' ? {} : { [as]: value }));

export const noEffect = (why: string): Row => ({ effect: 'no effect', why });

export const refused = (why: string, hint: string): Row => ({ effect: 'refused', why, hint });

/**
 * Translates each key of a mapping by its row.
 *
 * @param path of the mapping in the rows: `build.`
 */
export function translateKeys(entry: Entry, rows: Rows, to: Translation, path = ''): Fields {
  const result: Fields = {};
  for (const [key, value] of fieldsOf(entry)) {
    const row = Object.hasOwn(rows, path + key) ? rows[path + key] : undefined;
    if (row) Object.assign(result, translateKey(path + key, value, row, to));
  }
  return result;
}

function translateKey(key: string, value: Entry, row: Row, to: Translation): Fields {
  const { warnings, loading } = to;
  const place = { at: value.key, source: value.source };
  if (row.effect === 'translated') return row.translate?.(value, to) ?? {};
  if (row.effect === 'no effect') warnings.add(place, `${key} has no effect: ${row.why}`);
  else loading.problems.of(place, `${key} is refused: ${row.why}`, row.hint);
  return {};
}
