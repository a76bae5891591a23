import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { dataOf } from '../../../src/config/document.js';
import { ConfigError } from '../../../src/config/problem.js';
import { parseFile, readProject } from '../../../src/formats/load.js';
import { type ProjectOptions, readText, type Source } from '../../../src/formats/yaml/read-file.js';
import { UserError } from '../../../src/model/errors.js';

/** Options of a stack whose paths are relative to its folder. */
export interface Options extends Partial<ProjectOptions> {
  env?: Record<string, string>;
}

export type Files = Readonly<Record<string, string>>;

/** Does something with a stack in a new folder, whose path becomes `/stack` in texts. */
function inFolder<T>(files: Files, options: Options, work: (source: Source) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'baleine-stack-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const at = (path: string) => resolve(folder, path);
    const { env = {}, overrides = [], envFiles = [], directory, ...others } = options;
    const source = readText(at(Object.keys(files)[0] as string));
    return work({
      ...source,
      env,
      project: {
        ...others,
        overrides: overrides.map(at),
        envFiles: envFiles.map(at),
        ...(directory !== undefined && { directory: at(directory) }),
      },
    });
  } catch (error) {
    throw error instanceof Error ? shortened(error, folder) : error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function shortened(error: Error, folder: string): Error {
  error.message = error.message.replaceAll(`${folder}/`, '').replaceAll(folder, '/stack');
  return error;
}

/** The first file with what is merged into it, before either format is read. */
export function merged(files: Files, options: Options = {}): unknown {
  return inFolder(files, options, (source) => {
    const { root, loading } = readProject(source);
    loading.problems.throwIfAny();
    return dataOf(root.node);
  });
}

/** The `baleine.yaml` that comes out, with the folder's path as `/stack`. */
export function read(files: Files, options: Options = {}) {
  return inFolder(files, options, (source) => {
    const { config, inputs, root } = parseFile(source);
    const folder = source.directory;
    const text = JSON.stringify({
      config: { ...config, where: undefined },
      root: dataOf(root.node),
    });
    return {
      ...JSON.parse(text.replaceAll(folder, '/stack')),
      where: (path: string[]) => config.where(path).replace(`${folder}/`, ''),
      warnings: config.warnings?.map((each) => each.replaceAll(`${folder}/`, '')),
      variables: inputs.variables,
    };
  });
}

/** What a user sees of a stack that is refused, without the quoted lines. */
export function problems(files: Files, options: Options = {}): string[] {
  try {
    inFolder(files, options, (source) => parseFile(source));
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.message.split('\n').filter((line) => /^[^ ].*:\d+:\d+: /.test(line));
    }
    if (error instanceof UserError) return [error.message];
    throw error;
  }
  throw new Error('the stack was accepted');
}

/** A baleine.yaml with one image and these containers, from line 4. */
export const withContainers = (containers: string): string =>
  `name: shop\nimages: { base: { from: { tar: base.tar } } }\ncontainers:\n  ${containers}\n`;
