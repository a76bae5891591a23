import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Data that a run leaves in /run for the next one, until the host reboots. It is never required.
 */
export function readEphemeralJson<T extends object>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Readable by root only. Leaves nothing behind if it cannot be written. */
export function writeEphemeralJson(path: string, value: object): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, JSON.stringify(value), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    rmSync(`${path}.new`, { force: true });
  }
}

/** Also removes the temporary file of a killed run. */
export function removeEphemeralJson(path: string): void {
  for (const each of [path, `${path}.new`]) rmSync(each, { force: true });
}
