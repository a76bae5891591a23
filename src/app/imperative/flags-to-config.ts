import { ConfigError } from '../../config/problem.js';
import { loadConfig } from '../../formats/baleine/load.js';
import { IMPERATIVE_STACK } from '../../model/address.js';
import type { Config } from '../../model/config.js';
import { UserError } from '../../model/errors.js';

type Entries = Record<string, object>;

/** What a command line asks for, in the words of a file. */
export interface ConfigEntries {
  images?: Entries;
  bridges?: Entries;
  volumes?: Entries;
  containers?: Entries;
}

/** Used and not changed: created imperatively before, or by a stack. */
export const EXTERNAL = { external: true };

/**
 * Reads words as if they stood in a file, so that the same holds for both. `purpose` stands in
 * messages: `create container web`.
 *
 * @throws UserError with everything that is wrong
 */
export function configFromFlags(words: ConfigEntries, purpose: string): Config {
  const text = JSON.stringify({ name: 'by-hand', ...words }, (_key, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('$', '$$$$') : value,
  );
  try {
    const config = loadConfig({ file: '-', text, env: {}, directory: process.cwd() });
    return { ...config, name: IMPERATIVE_STACK, where: () => `cannot ${purpose}` };
  } catch (error) {
    throw error instanceof ConfigError ? withoutPositions(error, purpose) : error;
  }
}

/** Line and column of a text that nobody wrote would not help. */
function withoutPositions({ problems }: ConfigError, purpose: string): UserError {
  const lines = problems.map(({ message }) => `cannot ${purpose}: ${message}`);
  const hints = problems.flatMap(({ hint }) => hint ?? []);
  return new UserError(lines, hints.length > 0 ? hints : undefined);
}
