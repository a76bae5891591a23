import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What a run leaves for the next one in /run, until the host starts anew: anyone can do without. */
export function readRunFile<T extends object>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) ?? undefined;
  } catch {
    return undefined;
  }
}

/** For root's eyes. Where it cannot be written nothing is left. */
export function writeRunFile(path: string, value: object): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, JSON.stringify(value), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    rmSync(`${path}.new`, { force: true });
  }
}

/** With what is left of one that a killed run was writing. */
export function dropRunFile(path: string): void {
  for (const each of [path, `${path}.new`]) rmSync(each, { force: true });
}
