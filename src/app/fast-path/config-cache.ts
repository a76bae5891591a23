import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Entry, SourceText } from '../../config/document.js';
import type { ParsedFile } from '../../formats/load.js';
import {
  decodePositions,
  encodePositions,
  type Positions,
  positionsIn,
} from '../../formats/positions.js';
import { type ProjectOptions, readText, type Source } from '../../formats/yaml/read-file.js';
import { replaceFileSync } from '../../host/linux/files/atomic-write.js';
import type { Config } from '../../model/config.js';
import { fileNameOf } from '../../model/install-paths.js';
import { equal } from '../../model/json.js';

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
  /** How the stack was asked for beside its first file. */
  project: ProjectOptions | null;
  /** The other files that were read, and those that were missing, by their absolute paths. */
  files: Record<string, string | null>;
  /** The value of each variable that was used; null for an unset one. */
  variables: Record<string, string | null>;
  config: Omit<Config, 'file' | 'where'>;
}

export interface CachedConfig {
  config: Config;
  /** The text that `storeCached` wrote, which `writeSyncMark` needs to find it again. */
  body: string;
  /** What `writeSyncMark` has added since. */
  mark?: unknown;
}

/**
 * What is stored of a file, each as a line of JSON. A run that has nothing to do reads no positions:
 * they come last, and a header says where.
 */
interface Sections {
  /** A `CacheHeader`. */
  body: string;
  /** Empty before the first one. */
  mark: string;
  /** From `encodePositions`; absent where they were not read. */
  positions?: string;
}

/**
 * Returns what `storeCached` wrote to this folder for this file; undefined if a dependency has
 * changed, nothing is stored, or it cannot be read.
 */
export function loadCached(dir: string, source: Source): CachedConfig | undefined {
  const path = join(dir, nameOf(source));
  const found = read(path);
  if (!found) return undefined;
  const { kept, body, mark } = found;
  if (kept.build !== BUILD || kept.text !== source.text) return undefined;
  if (!equal(kept.project, source.project ?? null)) return undefined;
  const files = Object.entries(kept.files ?? {});
  if (files.some(([path, text]) => textIn(path) !== text)) return undefined;
  const variables = Object.entries(kept.variables ?? {});
  if (variables.some(([name, value]) => valueIn(name, source) !== value)) return undefined;
  const { file } = source;
  const where = positionsIn(file, () => readPositions(path, body));
  return { config: { ...(kept as CacheHeader).config, file, where }, body, mark };
}

/** Undefined if another run has replaced it in the meantime: it had other variables. */
function readPositions(path: string, body: string): Entry | undefined {
  const found = readSections(path, { all: true });
  if (found?.body !== body || found.positions === undefined) return undefined;
  const { positions, sources } = JSON.parse(found.positions) as CachedPositions;
  return decodePositions(positions, sources);
}

/** The texts are stored again: the names in messages do not tell their paths. */
interface CachedPositions {
  positions: Positions;
  sources: readonly SourceText[];
}

/**
 * Stores the parsed file for the next run, readable by root only: it contains values of variables
 * and of the containers' environment. If that fails, the host works without a cache.
 */
export function storeCached(dir: string, source: Source, parsed: ParsedFile): void {
  const { root, sources, inputs } = parsed;
  const { file: _, where: __, ...config } = parsed.config;
  const kept: CacheHeader = {
    build: BUILD,
    text: source.text,
    project: source.project ?? null,
    files: Object.fromEntries(inputs.files),
    variables: Object.fromEntries(
      [...inputs.variables].map((name) => [name, valueIn(name, source)]),
    ),
    config,
  };
  const texts = sources.map(({ file, text, directory }) => ({ file, text, directory }));
  const stored: CachedPositions = { positions: encodePositions(root, sources), sources: texts };
  const positions = JSON.stringify(stored);
  write(dir, source, { body: JSON.stringify(kept), mark: '', positions });
}

/** Stores beside the cached file with which records it was in sync. */
export function writeSyncMark(
  dir: string,
  source: Source,
  { body }: CachedConfig,
  mark: object,
): void {
  const line = JSON.stringify(mark);
  const found = readSections(join(dir, nameOf(source)), { all: true });
  if (found?.body === body && found.mark !== line) write(dir, source, { ...found, mark: line });
}

function write(dir: string, source: Source, { body, mark, positions }: Sections): void {
  const path = join(dir, nameOf(source));
  const head = `${body}\n${mark}\n`;
  const sizes = [head, positions].map((each = '') => sizeText(Buffer.byteLength(each)));
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const text = [...sizes, head, positions].join('');
    replaceFileSync(path, text, { temporary: `${path}${PARTIAL_SUFFIX}` });
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

/** Null if it cannot be read. */
function textIn(path: string): string | null {
  try {
    return readText(path).text;
  } catch {
    return null;
  }
}

function valueIn(name: string, { env }: Source): string | null {
  return (Object.hasOwn(env, name) ? env[name] : undefined) ?? null;
}

function read(
  path: string,
): (Omit<CachedConfig, 'config'> & { kept: Partial<CacheHeader> }) | undefined {
  try {
    const { body, mark } = readSections(path) ?? { body: '', mark: '' };
    return {
      kept: JSON.parse(body) ?? {},
      body,
      ...(mark !== '' && { mark: JSON.parse(mark) as unknown }),
    };
  } catch {
    return undefined;
  }
}

/** A number in the header: bytes of what a run with nothing to do reads, and of the rest. */
const sizeText = (size: number) => `${size}`.padStart(SIZE_WIDTH - 1).concat('\n');
const SIZE_WIDTH = 12;

/**
 * Trusted only if nobody else could have written it, since root acts on it.
 *
 * @param how.all also the positions
 */
function readSections(path: string, { all = false } = {}): Sections | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const { uid, mode, size } = fstatSync(descriptor);
    if (uid !== process.getuid?.() || (mode & 0o077) !== 0) return undefined;
    const sizes = [take(descriptor, SIZE_WIDTH), take(descriptor, SIZE_WIDTH)].map(Number);
    const [head = 0, rest = 0] = sizes;
    if (2 * SIZE_WIDTH + head + rest !== size) return undefined;
    const [body = '', mark = '', positions] = take(descriptor, all ? head + rest : head).split(
      '\n',
    );
    return all && positions ? { body, mark, positions } : { body, mark };
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** The next bytes of a file. */
function take(descriptor: number, size: number): string {
  const bytes = Buffer.allocUnsafe(size);
  return bytes.toString('utf8', 0, readSync(descriptor, bytes));
}
