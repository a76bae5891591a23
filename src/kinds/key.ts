import type { Path } from '../config/document.js';
import type { ParseContext } from '../config/values.js';

/** JSON Schema, draft-07; its `description` is the key's documentation. */
export type Schema = Readonly<Record<string, unknown>>;

/** How an imperative command takes a key from the command line. */
export interface Flag {
  /** As commander has it: `-u, --user <user>`. */
  flags: string;
  help: string;
  repeatable?: true;
  /** Only of containers that are kept: `run` has its own option of that name. */
  kept?: true;
  /** The option's value as the file would have it. */
  raw?: (value: unknown) => unknown;
}

/** A key of the file: its schema and documentation, how it is read, and its flag. */
export interface Described<Raw, Entry> {
  schema: Schema;
  /**
   * The value in an entry of the Config, with its default.
   *
   * @param raw conforms to the schema; undefined if the file has none
   * @param path of the key, for problems
   * @param siblings the other keys, as they are in the file
   */
  read(raw: Raw | undefined, path: Path, reading: ParseContext, siblings: object): Entry;
  flag?: Flag;
}

/** Recorded in the resource's spec under the same name, and compared. */
export interface RecordedKey<Raw, Entry> extends Described<Raw, Entry> {
  kind: 'recorded';
  /** What a changed value takes. */
  change: 'replace' | 'update';
}

/** Not part of the spec: it concerns the row, or is recorded as a part of another resource. */
export interface UnrecordedKey<Raw, Entry> extends Described<Raw, Entry> {
  kind: 'unrecorded';
}

export const recordedKey = <Raw, Entry>(
  key: Omit<RecordedKey<Raw, Entry>, 'kind'>,
): RecordedKey<Raw, Entry> => ({ ...key, kind: 'recorded' });

export const unrecordedKey = <Raw, Entry>(
  key: Omit<UnrecordedKey<Raw, Entry>, 'kind'>,
): UnrecordedKey<Raw, Entry> => ({ ...key, kind: 'unrecorded' });

/** Of containers and volumes. */
export const LABELS: Schema = {
  description: 'Labels: a mapping, or a list of KEY=VALUE.',
  anyOf: [
    {
      type: 'object',
      propertyNames: { $ref: '#/definitions/label' },
      additionalProperties: { $ref: '#/definitions/scalar' },
    },
    { type: 'array', items: { $ref: '#/definitions/pair' } },
  ],
};

/** Of containers and volumes: `apply` keeps what there was before it replaces a container. */
export const snapshotOnChange = (description: string) =>
  recordedKey({
    schema: {
      description,
      anyOf: [
        { type: 'boolean' },
        {
          type: 'object',
          properties: {
            keep: {
              description: 'How many of them stay. Default: 5.',
              type: 'integer',
              minimum: 1,
              maximum: 1000,
            },
          },
          additionalProperties: false,
        },
      ],
      default: false,
      errorMessage: 'must be true, false or {keep: N}',
    },
    read: (raw: boolean | { keep?: number } | undefined) => {
      if (!raw) return undefined;
      return { keep: (raw === true ? undefined : raw.keep) ?? KEPT_BEFORE_CHANGES };
    },
    change: 'update',
  });

const KEPT_BEFORE_CHANGES = 5;

/** When something is due, beside `TIMEZONE`; `config/check/schedules.ts` checks both. */
export const SCHEDULE: Schema = {
  description:
    'When, in the notation of cron: minute, hour, day of the month, month and day of the week, or a name such as `@daily`. A missed time, as while the host was off, is made up for once.',
  type: 'string',
  minLength: 1,
  maxLength: 200,
};

/** Of a `SCHEDULE`. */
export const TIMEZONE: Schema = {
  description:
    'Time zone of `schedule`, such as `Europe/Paris`. Default: that of the host. When clocks change, no time of day is skipped or comes twice.',
  type: 'string',
  minLength: 1,
  maxLength: 100,
};

/** The same key of containers, images and bridges. */
export const protectKey = unrecordedKey({
  schema: {
    description:
      'Refuse to remove or replace this resource; `destroy` leaves it, with what it needs.',
    type: 'boolean',
    default: false,
  },
  read: (raw: boolean | undefined) => raw ?? false,
});

/** A key without its own types, for code that iterates over all keys. */
export type AnyKey = Described<never, unknown> & {
  kind: 'recorded' | 'unrecorded';
  change?: 'replace' | 'update';
};

type Keys = Readonly<Record<string, AnyKey>>;

/** The values of keys after reading. */
export type EntriesOf<All extends Keys> = Optional<{
  [N in keyof All]: ReturnType<All[N]['read']>;
}>;

/** The values that a spec records. */
export type RecordedOf<All extends Keys> = Optional<{
  [N in keyof All as All[N]['kind'] extends 'recorded' ? N : never]: ReturnType<All[N]['read']>;
}>;

/** Turns properties that may be undefined into exact optional ones. */
export type Optional<T> = Flat<
  { [N in keyof T as undefined extends T[N] ? never : N]: T[N] } & {
    [N in keyof T as undefined extends T[N] ? N : never]?: Exclude<T[N], undefined>;
  }
>;
type Flat<T> = { [N in keyof T]: T[N] };
