import type { ParsedFile } from '../formats/load.js';
import { readSource, type Source } from '../formats/yaml/read-file.js';
import type { Config } from '../model/config.js';

/** Reads a file, or `-` for standard input; rejects with all errors in it. */
export async function readConfig(file: string): Promise<Config> {
  return (await parse(await sourceOf(file))).config;
}

export async function sourceOf(file: string): Promise<Source> {
  return { ...(await readSource(file)), env: process.env };
}

/** Loads YAML, the schema and the checks on demand: most runs do not need them. */
export async function parse(source: Source): Promise<ParsedFile> {
  const { parseFile } = await import('../formats/load.js');
  return parseFile(source);
}
