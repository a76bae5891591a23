import type { ParsedFile } from '../formats/load.js';
import { type ProjectOptions, readSource, type Source } from '../formats/yaml/read-file.js';
import type { Config } from '../model/config.js';

/** A file alone, with the `.env` beside it. */
const ALONE: ProjectOptions = { overrides: [] };

/** Reads a stack from its first file, or `-` for standard input; rejects with all errors in it. */
export async function readConfig(file: string, project?: ProjectOptions): Promise<Config> {
  return (await parse(await sourceOf(file, project))).config;
}

export async function sourceOf(file: string, project = ALONE): Promise<Source> {
  return { ...(await readSource(file)), env: process.env, project };
}

/** Loads YAML, the schema and the checks on demand: most runs do not need them. */
export async function parse(source: Source): Promise<ParsedFile> {
  const { parseFile } = await import('../formats/load.js');
  return parseFile(source);
}
