import type { SchemaFinding } from './explain.js';
import type { BaleineFile } from './file.gen.js';

type Mapping = { [key: string]: unknown };

/** Without these keys, the rest of an entry would get misleading errors. */
const REQUIRED_KEYS = new Set(['external', 'from', 'image', 'user', 'replicas', 'schedule']);
/** Their entries are short, or their parts belong together: keep all or nothing. */
const INDIVISIBLE = new Set(['bridges', 'volumes', 'farms', 'secrets', 'configs']);

/**
 * Removes schema violations from a file, so that the rest can still be checked and all errors are
 * reported at once. Modifies `value`.
 */
export function stripInvalid(value: unknown, findings: readonly SchemaFinding[]): BaleineFile {
  const file = isMapping(value) ? value : {};
  for (const { path } of findings) removeAt(file, path);
  return { ...file, name: typeof file.name === 'string' ? file.name : 'unnamed' };
}

function removeAt(file: Mapping, [section, name, key]: string[]): void {
  if (section === undefined) return;
  const entries = file[section];
  const entry = name !== undefined && isMapping(entries) ? entries[name] : undefined;
  const isPart = key !== undefined && !REQUIRED_KEYS.has(key) && !INDIVISIBLE.has(section);
  if (isPart && isMapping(entry)) delete entry[key];
  else if (name !== undefined && isMapping(entries)) delete entries[name];
  else delete file[section];
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
