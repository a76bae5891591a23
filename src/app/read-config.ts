import { appendSyncLine, type CachedConfig, loadCached, storeCached } from '../formats/cache.js';
import { readSource, type Source } from '../formats/yaml/read-file.js';
import type { Config } from '../model/config.js';

export interface ReadResult {
  config: Config;
  /** Present when it was kept by an earlier run: its `where` knows no lines. */
  cached?: CachedConfig;
  /** Keeps it for the next run, and by what it was found to agree with the records. Absent for standard input. */
  store?: Keep;
}

type Keep = (agreement: object | undefined) => void;

/** A file, or `-` for standard input; rejects with all that is wrong with it. */
export async function readConfig(file: string): Promise<Config> {
  return (await parse(await sourceOf(file))).config;
}

/** The same, or what was kept of it in a folder, if nothing has changed since. */
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

/** YAML, the schema and the checks are loaded when they are needed, which is seldom. */
async function parse(source: Source): Promise<{ config: Config; variables: Set<string> }> {
  const { loadConfig } = await import('../formats/baleine/load.js');
  const variables = new Set<string>();
  return { config: loadConfig(source, variables), variables };
}
