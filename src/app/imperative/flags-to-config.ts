import { ConfigError } from '../../config/problem.js';
import { loadConfig } from '../../formats/load.js';
import { IMPERATIVE_STACK } from '../../model/address.js';
import type { Config } from '../../model/config.js';
import { UserError } from '../../model/errors.js';

type Entries = Record<string, object>;

/** A command line as entries of a file. */
export interface ConfigEntries {
  images?: Entries;
  bridges?: Entries;
  volumes?: Entries;
  containers?: Entries;
}

/** A resource that is used and not changed: it is imperative, or belongs to a stack. */
export const EXTERNAL = { external: true };

/**
 * Parses entries as if they were in a file, so that the same rules apply. `purpose` is for messages:
 * `create container web`.
 *
 * @throws UserError with all errors
 */
export function configFromFlags(entries: ConfigEntries, purpose: string): Config {
  const text = JSON.stringify({ name: 'imperative', ...entries }, (_key, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('$', '$$$$') : value,
  );
  try {
    const config = loadConfig({ file: '-', text, env: {}, directory: process.cwd() });
    return { ...config, name: IMPERATIVE_STACK, where: () => `cannot ${purpose}` };
  } catch (error) {
    throw error instanceof ConfigError ? withoutPositions(error, purpose) : error;
  }
}

/** Positions in a generated text would not help. */
function withoutPositions({ problems }: ConfigError, purpose: string): UserError {
  const lines = problems.map(({ message }) => `cannot ${purpose}: ${message}`);
  const hints = problems.flatMap(({ hint }) => hint ?? []);
  return new UserError(lines, hints.length > 0 ? hints : undefined);
}
