import { appendFileSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LoggedEvent } from '../model/events.js';
import type { InstallPaths } from '../model/install-paths.js';
import { jsonText } from '../model/printable.js';

/** Bytes; then a new file begins and the one before the last goes. */
const LIMIT = 2 ** 20;

export const eventsFile = (site: InstallPaths) => join(site.root, 'events.log');
const olderFile = (site: InstallPaths) => `${eventsFile(site)}.1`;

/** Adds a line. The caller holds the lock. */
export function logEvent(site: InstallPaths, event: LoggedEvent, limit = LIMIT): void {
  const path = eventsFile(site);
  const line = `${jsonText(event)}\n`;
  try {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size > 0 && size + line.length > limit) renameSync(path, olderFile(site));
    appendFileSync(path, line, { mode: 0o600 });
  } catch {
    // History is no reason to stop healing; what cannot be written here fails the state as well.
  }
}

/** The last `count` events, oldest first. A line cut off by a crash is left out. */
export function readEvents(site: InstallPaths, count = Number.POSITIVE_INFINITY): LoggedEvent[] {
  const events = linesOf(site).flatMap((line) => parse(line) ?? []);
  return events.slice(Math.max(0, events.length - count));
}

/** Answers, each time it is asked, what has come since it was last asked. */
export function followEvents(site: InstallPaths): () => LoggedEvent[] {
  const stamp = () => statSync(eventsFile(site), { throwIfNoEntry: false })?.mtimeMs;
  let seen = stamp();
  let last = linesOf(site).at(-1);
  return () => {
    const now = stamp();
    if (now === seen) return [];
    seen = now;
    const lines = linesOf(site);
    const fresh = lines.slice(last === undefined ? 0 : lines.lastIndexOf(last) + 1);
    last = lines.at(-1);
    return fresh.flatMap((line) => parse(line) ?? []);
  };
}

/** Of both files; what follows the last newline is not a line yet. */
function linesOf(site: InstallPaths): string[] {
  return `${textOf(olderFile(site))}${textOf(eventsFile(site))}`.split('\n').slice(0, -1);
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
