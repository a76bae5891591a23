import { type Event, parseEvents, YAMLException } from 'js-yaml';
import { UserError } from '../model/errors.js';
import { Composer } from './compose.js';
import type { Document } from './document.js';
import { Problems } from './problem.js';

/** Bytes. */
export const MAX_SIZE = 1024 * 1024;

/**
 * Reads one document of YAML 1.2, core schema, without tags. Stricter than the language where a
 * file could mean something else than it seems to: no duplicate keys, few aliases, finite numbers.
 *
 * @throws ConfigError with all that is wrong
 */
export function parseYaml(file: string, text: string): Document {
  if (Buffer.byteLength(text) > MAX_SIZE) {
    throw new UserError(`cannot read ${file}: it is larger than 1 MiB`);
  }
  const problems = new Problems({ file, text });
  const events = eventsOf(text, problems);
  const composed = new Composer(text, problems).compose(events);
  problems.throwIfAny();
  return { file, text, ...composed };
}

function eventsOf(text: string, problems: Problems): Event[] {
  try {
    return parseEvents(text, {});
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const at = error.mark?.position ?? 0;
    problems.atOffset(at, `not YAML: ${error.reason}`, quoteHint(text, at));
    problems.throwIfAny();
    throw error;
  }
}

/** An unquoted variable among others in braces or brackets is taken for a mapping. */
function quoteHint(text: string, at: number): string | undefined {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at + 1);
  return /[{[].*\$\{[^"']*$/.test(line)
    ? 'inside { } and [ ], put quotes around a value with a variable'
    : undefined;
}
