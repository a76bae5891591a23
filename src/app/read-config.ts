import type { ParsedFile } from '../formats/baleine/load.js';
import { type CachedConfig, loadCached, storeCached, writeSyncMark } from '../formats/cache.js';
import { readSource, type Source } from '../formats/yaml/read-file.js';
import type { Config } from '../model/config.js';

export interface ReadResult {
  config: Config;
  /** Present if it comes from the cache. */
  cached?: CachedConfig;
  /** Caches it for the next run, with the proof that it is in sync. Absent for standard input. */
  store?: Keep;
}

type Keep = (mark: object | undefined) => void;

/** Reads a file, or `-` for standard input; rejects with all errors in it. */
export async function readConfig(file: string): Promise<Config> {
  return (await parse(await sourceOf(file))).config;
}

/** The same, or its cached result in a folder, if nothing has changed since. */
export async function readConfigCached(file: string, dir: string): Promise<ReadResult> {
  const source = await sourceOf(file);
  if (file === '-') return parse(source);
  const cached = loadCached(dir, source);
  if (cached) {
    const store: Keep = (mark) => mark && writeSyncMark(dir, source, cached, mark);
    return { config: cached.config, cached, store };
  }
  const parsed = await parse(source);
  return { config: parsed.config, store: () => storeCached(dir, source, parsed) };
}

async function sourceOf(file: string): Promise<Source> {
  return { ...(await readSource(file)), env: process.env };
}

/** Loads YAML, the schema and the checks on demand: most runs do not need them. */
async function parse(source: Source): Promise<ParsedFile> {
  const { parseFile } = await import('../formats/baleine/load.js');
  return parseFile(source);
}
