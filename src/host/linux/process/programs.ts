import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { programPath } from './environment.js';

/** The absolute path of a program; undefined when it is not installed. A path is its own. */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) return isExecutable(name) ? name : undefined;
  return programPath()
    .split(delimiter)
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
