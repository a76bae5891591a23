import type { OciPart } from '../../../model/oci.js';
import type { Described } from '../../key.js';

export type { Flag, Schema } from '../../key.js';

/**
 * What a changed value takes:
 * - `replace`: a new process on a new copy of the image;
 * - `update`: a change of the container while it runs;
 * - `record`: no more than the row;
 * - `custom`: compare.ts decides, and does not compile without a function for the key;
 * - `none`: nothing, because another attribute carries the difference.
 */
export type Change = 'replace' | 'update' | 'record' | 'custom' | 'none';

interface Recorded<Value, How extends Change, Released extends boolean> {
  change: How;
  /** Whether it goes back with the container when that is rolled back. */
  release: Released;
  /** Each member is a difference of its own: `limits.memory`. */
  members?: true;
  /** What of it is compared, where that is not all of it. */
  compared?(value: Value): unknown;
  /** What of it a plan shows, where that is not what is compared. */
  shown?(value: Value): unknown;
  /** Its part of the bundle's config.json. */
  oci?(value: Exclude<Value, undefined>): OciPart;
}

/** Recorded in the container's spec as the file has it, under the same name. */
export interface PlainKey<Raw, Entry, How extends Change, Released extends boolean>
  extends Described<Raw, Entry>,
    Recorded<Entry, How, Released> {
  kind: 'plain';
}

/** Recorded as the planner works it out of the entry, the image and the other resources. */
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
  /** Made by `spec`: only its type counts. */
  spec: () => Value;
}

/** Not in the container's spec: it tells how many there are, or concerns the row alone. */
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
