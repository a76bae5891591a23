import { keep, recall } from '../config/cache.js';
import type { Source } from '../config/source.js';
import { readSource } from '../config/source.js';
import type { Config } from '../model/config.js';

export interface Read {
  config: Config;
  /** Its `where` knows no lines. */
  recalled?: true;
  /** Absent when there is nothing new to keep. */
  keep?: () => void;
}

/** A file, or `-` for standard input; rejects with all that is wrong with it. */
export async function readConfig(file: string): Promise<Config> {
  return (await understand(await sourceOf(file))).config;
}

/** The same, or what was kept of it in a folder, if nothing has changed since. */
export async function recallConfig(file: string, dir: string): Promise<Read> {
  const source = await sourceOf(file);
  if (file === '-') return understand(source);
  const kept = recall(dir, source);
  if (kept) return { config: kept, recalled: true };
  const { config, variables } = await understand(source);
  return { config, keep: () => keep(dir, source, config, variables) };
}

async function sourceOf(file: string): Promise<Source> {
  return { ...(await readSource(file)), env: process.env };
}

/** YAML, the schema and the checks are loaded when they are needed, which is seldom. */
async function understand(source: Source): Promise<{ config: Config; variables: Set<string> }> {
  const { loadConfig } = await import('../config/load.js');
  const variables = new Set<string>();
  return { config: loadConfig(source, variables), variables };
}
