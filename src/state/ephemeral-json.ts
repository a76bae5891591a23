import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceFileSync } from '../host/linux/files/atomic-write.js';

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
    replaceFileSync(path, JSON.stringify(value), { temporary: temporaryOf(path) });
  } catch {
    // the next run does without it
  }
}

/** Also removes the temporary file of a killed run. */
export function removeEphemeralJson(path: string): void {
  for (const each of [path, temporaryOf(path)]) rmSync(each, { force: true });
}

const temporaryOf = (path: string) => `${path}.new`;
