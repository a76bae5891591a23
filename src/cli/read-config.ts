import { loadConfig } from '../config/load.js';
import { readSource } from '../config/source.js';
import type { Config } from '../model/config.js';

/** A file, or `-` for standard input; rejects with all that is wrong with it. */
export async function readConfig(file: string): Promise<Config> {
  return loadConfig({ ...(await readSource(file)), env: process.env });
}
