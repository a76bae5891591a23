import { resolve } from 'node:path';
import type { Document, Entry, SourceText } from '../../config/document.js';
import type { Problems } from '../../config/problem.js';
import { messageOf, UserError } from '../../model/errors.js';
import { type Dialect, interpolate, STRICT } from '../yaml/interpolate.js';
import type { Source } from '../yaml/read-file.js';
import { parseEnvFile } from './env-file.js';
import type { Inputs } from './inputs.js';

export type Format = 'baleine' | 'compose';

/** What loading depends on, for a stack and for each project that it includes. */
export interface Loading {
  inputs: Inputs;
  problems: Problems;
  /** Variables of the shell and of env files. */
  lookUp: (name: string) => string | undefined;
  /** Called for each unset variable that is taken as empty. */
  warn: (name: string, place: Pick<Entry, 'at' | 'source'>) => void;
  /** Absolute paths of the files that include this one. */
  including: readonly string[];
  /** Whether `${NAME}` stays as it is written, to show a file and not to apply it. */
  keepsVariables?: boolean;
}

/** Expands the variables of a document; returns its text. */
export function expandVariables(document: Document, format: Format, loading: Loading): string {
  if (loading.keepsVariables) return document.source.text;
  const { lookUp, problems } = loading;
  return interpolate(document, lookUp, problems, dialectOf(format, loading));
}

function dialectOf(format: Format, { warn }: Loading): Dialect {
  if (format === 'baleine') return STRICT;
  return { bare: true, unset: (name, source, at) => warn(name, { at, source }) };
}

/** A file that another one names. A problem of it is reported at the name. */
export function readFile(
  file: string,
  { inputs, problems }: Pick<Loading, 'inputs' | 'problems'>,
  { place, directory }: { place?: Entry | undefined; directory?: string },
): SourceText | undefined {
  try {
    return inputs.read(file, directory);
  } catch (error) {
    if (!place) throw error;
    problems.of(place, messageOf(error));
    return undefined;
  }
}

/** Variables of env files in the order of precedence; those of the shell win. */
export function environmentOf(
  source: Pick<Source, 'directory' | 'project'>,
  inputs: Inputs,
  problems: Problems,
): (name: string) => string | undefined {
  const shell = (name: string) => inputs.variable(name);
  const { files, required } = envFilesOf(source, inputs);
  return files.length === 0 ? shell : withEnvFiles(shell, files, { inputs, problems, required });
}

/** The env files of a stack: those that are named, else `.env` in its folder, if there is one. */
export function envFilesOf(
  { directory, project }: Pick<Source, 'directory' | 'project'>,
  inputs: Inputs,
): { files: readonly string[]; required: boolean } {
  if (!project) return { files: [], required: false };
  const { envFiles = [] } = project;
  if (envFiles.length > 0) return { files: envFiles, required: true };
  const named = inputs.variable('COMPOSE_ENV_FILES');
  if (named) return { files: named.split(','), required: true };
  return { files: [resolve(project.directory ?? directory, '.env')], required: false };
}

/** Variables of files that are looked up where `above` has none; of the files, the last one wins. */
export function withEnvFiles(
  above: (name: string) => string | undefined,
  files: readonly string[],
  { inputs, problems, required }: Pick<Loading, 'inputs' | 'problems'> & { required: boolean },
): (name: string) => string | undefined {
  const values = new Map<string, string>();
  const fromFiles = (name: string) => above(name) ?? values.get(name);
  let isRead = false;
  const read = () => {
    isRead = true;
    for (const file of files) {
      const source = readEnvFile(file, inputs, required);
      if (!source) continue;
      for (const [name, { value }] of parseEnvFile(source, { lookUp: fromFiles, problems })) {
        values.set(name, value);
      }
    }
  };
  // a `.env` that nothing asks may be another program's, in another format
  if (required) read();
  return (name) => {
    const known = above(name);
    if (known === undefined && !isRead) read();
    return known ?? values.get(name);
  };
}

function readEnvFile(file: string, inputs: Inputs, required: boolean): SourceText | undefined {
  try {
    return inputs.read(file);
  } catch (error) {
    const cause = error instanceof UserError ? (error.cause as NodeJS.ErrnoException) : undefined;
    if (!required && (cause?.code === 'ENOENT' || cause?.code === 'ENOTDIR')) return undefined;
    throw error;
  }
}
