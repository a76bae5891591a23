import type { OciPart } from '../../../model/oci.js';
import type { Described } from '../../key.js';

export type { Flag, Schema } from '../../key.js';

/**
 * The effect of a changed value:
 * - `replace`: a new container on a new copy of the image;
 * - `update`: a change of the container while it runs;
 * - `record`: a change of the row only;
 * - `custom`: compare.ts decides, and does not compile without a function for the key;
 * - `none`: nothing, because another attribute carries the difference.
 */
export type Change = 'replace' | 'update' | 'record' | 'custom' | 'none';

interface Recorded<Value, How extends Change, Released extends boolean> {
  change: How;
  /** Whether a rollback restores it. */
  release: Released;
  /** Each member has its own difference: `limits.memory`. */
  members?: true;
  /** The compared part; default: all of it. */
  compared?(value: Value): unknown;
  /** The part shown in a plan; default: the compared one. */
  shown?(value: Value): unknown;
  /** Its part of the bundle's config.json. */
  oci?(value: Exclude<Value, undefined>): OciPart;
}

/** A key recorded in the container's spec under its name, as in the file. */
export interface PlainKey<Raw, Entry, How extends Change, Released extends boolean>
  extends Described<Raw, Entry>,
    Recorded<Entry, How, Released> {
  kind: 'plain';
}

/** A key whose recorded value the planner derives from the entry, the image and other resources. */
export interface ResolvedKey<
  Raw,
  Entry,
  As extends string,
  Value,
  How extends Change,
  Released extends boolean,
> extends Described<Raw, Entry>,
    Recorded<Value, How, Released> {
  kind: 'resolved';
  /** Attribute of the spec. */
  as: As;
  /** Created by `spec`: only its type matters. */
  spec: () => Value;
}

/** A key that is not in the container's spec: it is the number of containers, or concerns the row alone. */
export interface UnrecordedKey<Raw, Entry> extends Described<Raw, Entry> {
  kind: 'unrecorded';
}

/** Declares the type of a recorded value; never called. */
export const spec =
  <Value>(): (() => Value) =>
  () => {
    throw new Error('declares a type');
  };

export const plainKey = <Raw, Entry, How extends Change, Released extends boolean>(
  key: Omit<PlainKey<Raw, Entry, How, Released>, 'kind'>,
): PlainKey<Raw, Entry, How, Released> => ({ ...key, kind: 'plain' });

export const resolvedKey = <
  Raw,
  Entry,
  As extends string,
  Value,
  How extends Change,
  Released extends boolean,
>(
  key: Omit<ResolvedKey<Raw, Entry, As, Value, How, Released>, 'kind'>,
): ResolvedKey<Raw, Entry, As, Value, How, Released> => ({ ...key, kind: 'resolved' });

export const unrecordedKey = <Raw, Entry>(
  key: Omit<UnrecordedKey<Raw, Entry>, 'kind'>,
): UnrecordedKey<Raw, Entry> => ({ ...key, kind: 'unrecorded' });
