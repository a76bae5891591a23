import type { OciPart } from '../../../model/oci.js';
import type { Optional } from '../../key.js';
import type { KEYS } from './index.js';
import type { Change, Flag, Schema } from './key.js';

/** A key without its own types, for code that iterates over all keys. */
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
/** Keys recorded as in the file. */
export type PlainName = NamesOf<'plain'>;
/** Keys whose recorded value the planner derives. */
export type ResolvedName = NamesOf<'resolved'>;
type NamesOf<Kind> = {
  [N in KeyName]: Keys[N]['kind'] extends Kind ? N : never;
}[KeyName];

/** The parsed value of each key. */
export type KeyEntries = Optional<{ [N in KeyName]: ReturnType<Keys[N]['read']> }>;

/** The derived values, by attribute. */
export type ResolvedSpec = {
  [N in ResolvedName as Keys[N]['as']]: ReturnType<Keys[N]['spec']>;
};

/** The keys in a container's spec, by attribute. */
export type KeySpec = Optional<{ [N in PlainName]: ReturnType<Keys[N]['read']> } & ResolvedSpec>;

/** Attributes that a rollback restores. */
export type ReleasedAttribute =
  | { [N in PlainName]: Keys[N]['release'] extends true ? N : never }[PlainName]
  | {
      [N in ResolvedName]: Keys[N]['release'] extends true ? Keys[N]['as'] : never;
    }[ResolvedName];

/** Keys that are compared by their own function. */
export type CustomName = {
  [N in ResolvedName]: Keys[N]['change'] extends 'custom' ? N : never;
}[ResolvedName];
