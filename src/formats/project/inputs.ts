import { resolve } from 'node:path';
import type { SourceText } from '../../config/document.js';
import { readText } from '../yaml/read-file.js';

/** Files of a stack: those merged, extended and included, env files, and files of labels. */
const MAX_FILES = 200;

/**
 * Reads files and variables of the environment, and remembers each, also those that are missing: as
 * long as none has changed, the same Config comes out.
 */
export class Inputs {
  /** The text of each file by its absolute path; null if it could not be read. */
  readonly files = new Map<string, string | null>();
  /** Names of the variables that were looked up. */
  readonly variables = new Set<string>();

  constructor(private readonly env: NodeJS.ProcessEnv) {}

  variable(name: string): string | undefined {
    this.variables.add(name);
    return Object.hasOwn(this.env, name) ? this.env[name] : undefined;
  }

  /** @throws UserError if it is missing, unreadable, larger than 1 MiB or not UTF-8 */
  read(file: string, directory?: string): SourceText {
    const path = resolve(file);
    if (this.files.size >= MAX_FILES) throw new TooManyFiles();
    try {
      const found = readText(file);
      this.files.set(path, found.text);
      return directory === undefined ? found : { ...found, directory };
    } catch (error) {
      this.files.set(path, null);
      throw error;
    }
  }
}

/** A file that includes itself under ever new names, for example by a variable. */
export class TooManyFiles extends Error {
  override message = `a stack has at most ${MAX_FILES} files`;
}
