import type { OciPart } from '../../../model/oci.js';
import type { Optional } from '../../key.js';
import type { KEYS } from './index.js';
import type { Change, Flag, Schema } from './key.js';

/** A key as code that goes over all of them sees it. */
export interface AnyKey {
  kind: 'plain' | 'resolved' | 'unrecorded';
  schema: Schema;
  flag?: Flag;
  as?: string;
  change?: Change;
  release?: boolean;
  members?: true;
  compared?(value: never): unknown;
  shown?(value: never): unknown;
  oci?(value: never): OciPart;
}

export type Keys = typeof KEYS;
export type KeyName = keyof Keys;
/** Recorded as the file has them. */
export type PlainName = NamesOf<'plain'>;
/** Recorded as the planner works them out. */
export type ResolvedName = NamesOf<'resolved'>;
type NamesOf<Kind> = {
  [N in KeyName]: Keys[N]['kind'] extends Kind ? N : never;
}[KeyName];

/** What the file has of each key, after reading. */
export type KeyEntries = Optional<{ [N in KeyName]: ReturnType<Keys[N]['read']> }>;

/** By attribute, what the planner works out. */
export type ResolvedSpec = {
  [N in ResolvedName as Keys[N]['as']]: ReturnType<Keys[N]['spec']>;
};

/** By attribute, what a container's spec has of its keys. */
export type KeySpec = Optional<{ [N in PlainName]: ReturnType<Keys[N]['read']> } & ResolvedSpec>;

/** Attributes that go back with a container when it is rolled back. */
export type ReleasedAttribute =
  | { [N in PlainName]: Keys[N]['release'] extends true ? N : never }[PlainName]
  | {
      [N in ResolvedName]: Keys[N]['release'] extends true ? Keys[N]['as'] : never;
    }[ResolvedName];

/** Keys that are compared by a function of their own. */
export type CustomName = {
  [N in ResolvedName]: Keys[N]['change'] extends 'custom' ? N : never;
}[ResolvedName];
