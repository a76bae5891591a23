import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { loadConfig } from '../config/load.js';
import type { Config } from '../model/config.js';
import { messageOf, UserError } from '../model/errors.js';

/** A file, or `-` for standard input; paths in it are meant from its folder, or from ours. */
export function readConfig(file: string): Config {
  const directory = file === '-' ? process.cwd() : dirname(resolve(file));
  return loadConfig({ file, text: read(file), env: process.env, directory });
}

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UserError(
      `cannot read ${file}: ${missing ? 'no such file' : messageOf(error)}`,
      missing ? 'Name the stack with -f FILE, or go to the folder of its baleine.yaml.' : undefined,
    );
  }
}
