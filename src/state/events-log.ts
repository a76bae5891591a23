import { appendFileSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LoggedEvent } from '../model/events.js';
import type { InstallPaths } from '../model/install-paths.js';
import { jsonText } from '../model/printable.js';

/** Bytes; then a new file starts, and the file before the previous one is deleted. */
const LIMIT = 2 ** 20;

export const eventsFile = (paths: InstallPaths) => join(paths.root, 'events.log');
const olderFile = (paths: InstallPaths) => `${eventsFile(paths)}.1`;

/** Appends a line. The caller holds the lock. */
export function logEvent(paths: InstallPaths, event: LoggedEvent, limit = LIMIT): void {
  const path = eventsFile(paths);
  const line = `${jsonText(event)}\n`;
  try {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size > 0 && size + line.length > limit) renameSync(path, olderFile(paths));
    appendFileSync(path, line, { mode: 0o600 });
  } catch {
    // A missing log entry must not stop healing; if this cannot be written, writing the state fails
    // as well.
  }
}

/** The last `count` events, oldest first. Skips a line that was cut off by a crash. */
export function readEvents(paths: InstallPaths, count = Number.POSITIVE_INFINITY): LoggedEvent[] {
  const events = linesOf(paths).flatMap((line) => parse(line) ?? []);
  return events.slice(Math.max(0, events.length - count));
}

/** Returns a function that returns the events since its previous call. */
export function followEvents(paths: InstallPaths): () => LoggedEvent[] {
  const stamp = () => statSync(eventsFile(paths), { throwIfNoEntry: false })?.mtimeMs;
  let seen = stamp();
  let last = linesOf(paths).at(-1);
  return () => {
    const now = stamp();
    if (now === seen) return [];
    seen = now;
    const lines = linesOf(paths);
    const fresh = lines.slice(last === undefined ? 0 : lines.lastIndexOf(last) + 1);
    last = lines.at(-1);
    return fresh.flatMap((line) => parse(line) ?? []);
  };
}

/** Lines of both files; text after the last newline is not a complete line yet. */
function linesOf(paths: InstallPaths): string[] {
  return `${textOf(olderFile(paths))}${textOf(eventsFile(paths))}`.split('\n').slice(0, -1);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function parse(line: string): LoggedEvent | undefined {
  try {
    return JSON.parse(line) as LoggedEvent;
  } catch {
    return undefined;
  }
}
