import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { logFile, type Site } from '../../../model/site.js';

/** Bytes from the end of the log, and characters of the line, that are enough to see what went wrong. */
const TAIL = 16 * 1024;
const MOST = 200;

/**
 * The last line that a container has printed, as it stands, or the end of it; undefined when there is
 * none or the log cannot be read. Kubernetes' CRI log format: `TIME STREAM F|P TEXT`.
 */
export function lastLogLine(site: Site, id: string): string | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(logFile(site, id), 'r');
    const { size } = fstatSync(descriptor);
    const from = Math.max(0, size - TAIL);
    const buffer = Buffer.alloc(size - from);
    const length = readSync(descriptor, buffer, 0, buffer.length, from);
    const texts = buffer
      .toString('utf8', 0, length)
      .split('\n')
      .map((line) => /^\S+ std(?:out|err) [FP] ?(.*)$/.exec(line)?.[1]?.trim() ?? '');
    const last = texts.filter(Boolean).at(-1);
    return last && last.length > MOST ? `…${last.slice(-MOST)}` : last;
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
