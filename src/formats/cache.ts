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
 * The bundle names each of its files after what is in it and in those it loads, so no build takes
 * for its own what another one has understood.
 */
const BUILD = import.meta.url;

/** Ends the name of what is not written to its end yet. */
const NEW = '.new';

/** A file as it was understood, and all that this depends on. */
interface Kept {
  build: string;
  text: string;
  /** The value of each variable that was asked for; null for one that was not set. */
  variables: Record<string, string | null>;
  config: Omit<Config, 'file' | 'where'>;
}

export interface Recalled {
  /** Knows the file, but no lines. */
  config: Config;
  /** All that `keep` wrote, by which `agree` finds it again. */
  body: string;
  /** What `agree` added since. */
  agreement?: unknown;
}

/**
 * What `keep` wrote to this folder for this file; undefined when anything it depends on is another
 * one now, when there is none, or when it cannot be read.
 */
export function recall(dir: string, source: Source): Recalled | undefined {
  const found = read(join(dir, nameOf(source)));
  if (!found) return undefined;
  const { kept, body, agreement } = found;
  if (kept.build !== BUILD || kept.text !== source.text) return undefined;
  const variables = Object.entries(kept.variables ?? {});
  if (variables.some(([name, value]) => valueIn(name, source) !== value)) return undefined;
  const config = { ...(kept as Kept).config, file: source.file, where: () => source.file };
  return { config, body, agreement };
}

/**
 * Keeps what was understood for the next run, for root's eyes: the values of variables and of the
 * containers' environment are in it. A host where that fails goes without.
 */
export function keep(
  dir: string,
  source: Source,
  { file: _, where: __, ...config }: Config,
  variables: ReadonlySet<string>,
): void {
  const kept: Kept = {
    build: BUILD,
    text: source.text,
    variables: Object.fromEntries([...variables].map((name) => [name, valueIn(name, source)])),
    config,
  };
  write(dir, source, [JSON.stringify(kept)]);
}

/** Adds to what is kept of a file a line that says by what it was found to agree with the records. */
export function agree(dir: string, source: Source, { body }: Recalled, agreement: object): void {
  const line = JSON.stringify(agreement);
  const [found, last] = linesOf(join(dir, nameOf(source))) ?? [];
  if (found === body && last !== line) write(dir, source, [body, line]);
}

function write(dir: string, source: Source, lines: string[]): void {
  const path = join(dir, nameOf(source));
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileSync(`${path}${NEW}`, lines.join('\n'), { mode: 0o600 });
    renameSync(`${path}${NEW}`, path);
  } catch {
    // the next run takes the long way again
  }
}

/**
 * Removes what was kept of a stack, however its file is called, and the folder when it is empty. The
 * caller holds the lock, so what is half written is of a run that was killed.
 */
export function forget(dir: string, stack: string): void {
  for (const name of namesIn(dir)) {
    const path = join(dir, name);
    const isCutOff = name.endsWith(NEW);
    if (isCutOff || read(path)?.kept.config?.name === stack) rmSync(path, { force: true });
  }
  if (namesIn(dir).length === 0) rmSync(dir, { recursive: true, force: true });
}

/** None where there is no such folder. */
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

function read(path: string): (Omit<Recalled, 'config'> & { kept: Partial<Kept> }) | undefined {
  try {
    const [body = '', line] = linesOf(path) ?? [];
    const agreement = line === undefined ? undefined : JSON.parse(line);
    return { kept: JSON.parse(body) ?? {}, body, agreement };
  } catch {
    return undefined;
  }
}

/** Believed only when nobody else could have written them: root acts on it. */
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
