import type { Finding } from './explain.js';
import type { BaleineFile } from './file.gen.js';

type Mapping = { [key: string]: unknown };

/** Without these keys, the rest of an entry would get misleading errors. */
const HINGES = new Set(['external', 'from', 'image', 'user', 'replicas']);
/** Their entries are short, or their parts belong together: keep all or nothing. */
const WHOLE = new Set(['bridges', 'volumes', 'farms']);

/**
 * Removes schema violations from a file, so that the rest can still be checked and all errors are
 * reported at once. Modifies `value`.
 */
export function salvage(value: unknown, findings: readonly Finding[]): BaleineFile {
  const file = isMapping(value) ? value : {};
  for (const { path } of findings) takeOut(file, path);
  return { ...file, name: typeof file.name === 'string' ? file.name : 'unnamed' };
}

function takeOut(file: Mapping, [section, name, key]: string[]): void {
  if (section === undefined) return;
  const entries = file[section];
  const entry = name !== undefined && isMapping(entries) ? entries[name] : undefined;
  const isPart = key !== undefined && !HINGES.has(key) && !WHOLE.has(section);
  if (isPart && isMapping(entry)) delete entry[key];
  else if (name !== undefined && isMapping(entries)) delete entries[name];
  else delete file[section];
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
