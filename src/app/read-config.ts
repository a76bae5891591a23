import { appendSyncLine, type CachedConfig, loadCached, storeCached } from '../formats/cache.js';
import { readSource, type Source } from '../formats/yaml/read-file.js';
import type { Config } from '../model/config.js';

export interface ReadResult {
  config: Config;
  /** Present if it comes from the cache: then its `where` has no lines. */
  cached?: CachedConfig;
  /** Caches it for the next run, with the proof that it is in sync. Absent for standard input. */
  store?: Keep;
}

type Keep = (agreement: object | undefined) => void;

/** Reads a file, or `-` for standard input; rejects with all errors in it. */
export async function readConfig(file: string): Promise<Config> {
  return (await parse(await sourceOf(file))).config;
}

/** The same, or its cached result in a folder, if nothing has changed since. */
export async function readConfigCached(file: string, dir: string): Promise<ReadResult> {
  const source = await sourceOf(file);
  if (file === '-') return parse(source);
  const recalled = loadCached(dir, source);
  if (recalled)
    return { config: recalled.config, cached: recalled, store: again(dir, source, recalled) };
  const { config, variables } = await parse(source);
  return { config, store: () => storeCached(dir, source, config, variables) };
}

function again(dir: string, source: Source, recalled: CachedConfig): Keep {
  return (agreement) => {
    if (agreement) appendSyncLine(dir, source, recalled, agreement);
  };
}

async function sourceOf(file: string): Promise<Source> {
  return { ...(await readSource(file)), env: process.env };
}

/** Loads YAML, the schema and the checks on demand: most runs do not need them. */
async function parse(source: Source): Promise<{ config: Config; variables: Set<string> }> {
  const { loadConfig } = await import('../formats/baleine/load.js');
  const variables = new Set<string>();
  return { config: loadConfig(source, variables), variables };
}
