import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { Config } from '../model/config.js';
import { fileNameOf } from '../model/install-paths.js';
import type { Source } from './yaml/read-file.js';

/**
 * The bundle's file names contain a hash of their content and imports, so no build uses what
 * another one has parsed.
 */
const BUILD = import.meta.url;

/** Suffix of files that are not completely written. */
const PARTIAL_SUFFIX = '.new';

/** A parsed file with everything it depends on. */
interface CacheHeader {
  build: string;
  text: string;
  /** The value of each variable that was used; null for an unset one. */
  variables: Record<string, string | null>;
  config: Omit<Config, 'file' | 'where'>;
}

export interface CachedConfig {
  /** Knows the file, but no line numbers. */
  config: Config;
  /** The text that `keep` wrote, which `agree` needs to find it again. */
  body: string;
  /** The lines that `agree` has appended since. */
  agreement?: unknown;
}

/**
 * Returns what `keep` wrote to this folder for this file; undefined if a dependency has changed,
 * nothing is stored, or it cannot be read.
 */
export function loadCached(dir: string, source: Source): CachedConfig | undefined {
  const found = read(join(dir, nameOf(source)));
  if (!found) return undefined;
  const { kept, body, agreement } = found;
  if (kept.build !== BUILD || kept.text !== source.text) return undefined;
  const variables = Object.entries(kept.variables ?? {});
  if (variables.some(([name, value]) => valueIn(name, source) !== value)) return undefined;
  const config = { ...(kept as CacheHeader).config, file: source.file, where: () => source.file };
  return { config, body, agreement };
}

/**
 * Stores the parsed file for the next run, readable by root only: it contains values of variables
 * and of the containers' environment. If that fails, the host works without a cache.
 */
export function storeCached(
  dir: string,
  source: Source,
  { file: _, where: __, ...config }: Config,
  variables: ReadonlySet<string>,
): void {
  const kept: CacheHeader = {
    build: BUILD,
    text: source.text,
    variables: Object.fromEntries([...variables].map((name) => [name, valueIn(name, source)])),
    config,
  };
  write(dir, source, [JSON.stringify(kept)]);
}

/** Appends a line to the cached file that says with which records it was in sync. */
export function appendSyncLine(
  dir: string,
  source: Source,
  { body }: CachedConfig,
  agreement: object,
): void {
  const line = JSON.stringify(agreement);
  const [found, last] = linesOf(join(dir, nameOf(source))) ?? [];
  if (found === body && last !== line) write(dir, source, [body, line]);
}

function write(dir: string, source: Source, lines: string[]): void {
  const path = join(dir, nameOf(source));
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileSync(`${path}${PARTIAL_SUFFIX}`, lines.join('\n'), { mode: 0o600 });
    renameSync(`${path}${PARTIAL_SUFFIX}`, path);
  } catch {
    // the next run parses the file again
  }
}

/**
 * Removes the cached files of a stack, whatever their paths, and the folder if it is empty. The
 * caller holds the lock, so partial files belong to killed runs.
 */
export function removeCached(dir: string, stack: string): void {
  for (const name of namesIn(dir)) {
    const path = join(dir, name);
    const isCutOff = name.endsWith(PARTIAL_SUFFIX);
    if (isCutOff || read(path)?.kept.config?.name === stack) rmSync(path, { force: true });
  }
  if (namesIn(dir).length === 0) rmSync(dir, { recursive: true, force: true });
}

/** Empty if there is no such folder. */
function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function nameOf({ file, directory }: Source): string {
  return `${fileNameOf(join(directory, basename(file)))}.json`;
}

function valueIn(name: string, { env }: Source): string | null {
  return (Object.hasOwn(env, name) ? env[name] : undefined) ?? null;
}

function read(
  path: string,
): (Omit<CachedConfig, 'config'> & { kept: Partial<CacheHeader> }) | undefined {
  try {
    const [body = '', line] = linesOf(path) ?? [];
    const agreement = line === undefined ? undefined : JSON.parse(line);
    return { kept: JSON.parse(body) ?? {}, body, agreement };
  } catch {
    return undefined;
  }
}

/** Trusted only if nobody else could have written it, since root acts on it. */
function linesOf(path: string): string[] | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const { uid, mode } = fstatSync(descriptor);
    if (uid !== process.getuid?.() || (mode & 0o077) !== 0) return undefined;
    return readFileSync(descriptor, 'utf8').split('\n');
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
