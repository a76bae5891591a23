import { readInput } from '../../host/linux/files/read.js';
import type { Config } from '../../model/config.js';
import { messageOf, UserError } from '../../model/errors.js';
import type { InstallPaths } from '../../model/install-paths.js';
import type { Row } from '../../model/resource.js';
import type { Answers } from './answers.js';

export const FORMAT = 'baleine snapshot 1';

/** Everything that the plans of a stack follow from, as plain JSON in one file. */
export interface Snapshot {
  format: typeof FORMAT;
  /** Of the program that took it. */
  version: string;
  /** ISO 8601. */
  taken_at: string;
  /** Whether the values of environment variables are replaced by hashes. */
  values: 'hashed' | 'readable';
  paths: InstallPaths;
  config: Omit<Config, 'where'>;
  places: Places;
  /** Rows of all stacks. */
  rows: Row[];
  answers: Answers;
}

/** Places in the file, `baleine.yaml:12:5`, by path as JSON; a value without one has its parent's. */
export type Places = Record<string, string>;

type Path = readonly (string | number)[];

/** The places of all values of a config. */
export function placesOf({ where, ...data }: Config): Places {
  const places: Places = {};
  const visit = (value: unknown, path: Path, parent: string | undefined) => {
    const place = where(path);
    if (place !== parent) places[JSON.stringify(path)] = place;
    if (typeof value !== 'object' || value === null) return;
    for (const [key, each] of Object.entries(value)) {
      visit(each, [...path, Array.isArray(value) ? Number(key) : key], place);
    }
  };
  visit(data, [], undefined);
  return places;
}

/** The config of a snapshot. */
export function configOf({ config, places }: Snapshot): Config {
  const where = (path: Path): string => {
    for (let length = path.length; length >= 0; length -= 1) {
      const key = JSON.stringify(path.slice(0, length));
      if (Object.hasOwn(places, key)) return places[key] as string;
    }
    return config.file;
  };
  return { ...config, where };
}

/** Far more than the snapshot of the largest stack. */
const MAX_BYTES = 256 * 1024 ** 2;

/** @throws UserError if it cannot be read or is no snapshot of this format */
export function readSnapshot(path: string): Snapshot {
  const value = parse(path, readBounded(path));
  if (isSnapshot(value)) return value;
  throw new UserError(
    `cannot plan from ${path}: it is not a snapshot of this version of baleine`,
    'Make one with: baleine debug snapshot >FILE',
  );
}

function readBounded(path: string): string {
  try {
    return readInput(path, { maxBytes: MAX_BYTES });
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`);
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`cannot read ${path}: it is no snapshot (${messageOf(error)})`);
  }
}

/** Only the format and the presence of the parts are checked. */
function isSnapshot(value: unknown): value is Snapshot {
  if (typeof value !== 'object' || value === null) return false;
  const { format, config, places, rows, answers, paths } = value as Partial<Snapshot>;
  const parts = [config, places, rows, answers, paths];
  return format === FORMAT && parts.every((each) => typeof each === 'object' && each !== null);
}
