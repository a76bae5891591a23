import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { UserError } from '../../../model/errors.js';
import { type InstallPaths, logFile } from '../../../model/install-paths.js';
import { LogFiles } from './log-files.js';
import { type LogRecord, Splitter, type StreamName, startOfLast } from './log-records.js';
import { isMonitored } from './started.js';

/** A piece of a line, or a whole line. */
export interface LogPart {
  /** Time of this piece, RFC 3339 with nanoseconds. */
  time: string;
  stream: StreamName;
  bytes: Buffer;
  /** Whether its line starts with this piece, and ends with it. */
  isStart: boolean;
  isEnd: boolean;
}

export interface LogOptions {
  /** Continue until the container ends. */
  follow?: boolean;
  /** Return only this many of the existing last lines, 0 and up; absent: all. */
  last?: number;
  /** Called if lines were lost because the log was replaced faster than it was read. */
  onGap?: () => void;
}

/**
 * The output of a container as bytes, and with `follow` its future output: in bounded memory,
 * however long its lines are. A slow reader loses nothing until conmon has replaced the log 16
 * times.
 *
 * @throws UserError if it has no log: it was never started, or does not exist
 */
export async function* readLog(
  paths: InstallPaths,
  id: string,
  { follow = false, last, onGap = () => undefined }: LogOptions = {},
): AsyncGenerator<LogPart[]> {
  const path = logFile(paths, id);
  if (!existsSync(path)) {
    throw new UserError(
      `cannot show the log of ${id}: there is none`,
      'baleine ps lists containers',
    );
  }
  const files = new LogFiles(path);
  try {
    if (follow) files.watch();
    yield* partsOf(paths, id, files, { follow, last, onGap });
  } finally {
    files.close();
  }
}

async function* partsOf(
  paths: InstallPaths,
  id: string,
  files: LogFiles,
  { follow, last, onGap }: Required<Omit<LogOptions, 'last'>> & { last: number | undefined },
): AsyncGenerator<LogPart[]> {
  const lines = new Lines();
  let splitter = new Splitter();
  const { current } = files;
  if (last !== undefined && current) {
    const { offset, skip } = startOfLast(current.fd, fstatSync(current.fd).size, last);
    current.at = offset;
    lines.skip(skip);
  }
  for (;;) {
    // checked before the last read, so that output written at its end is not lost
    const goesOn = follow && isMonitored(paths, id);
    let file = files.current;
    for (const chunk of files.chunks()) {
      if (files.current !== file) splitter = new Splitter();
      file = files.current;
      if (files.missed > 0) {
        files.missed = 0;
        onGap();
      }
      const parts = splitter.take(chunk).flatMap((record) => lines.partOf(record));
      if (parts.length > 0) yield parts;
    }
    if (!goesOn) break;
    await files.pause();
  }
  const rest = lines.unfinished();
  if (rest.length > 0) yield rest;
}

/** Joins records to lines. */
class Lines {
  readonly #begun = new Map<StreamName, string>();
  #skip = new Map<StreamName, number>();

  skip(lines: Map<StreamName, number>): void {
    this.#skip = new Map(lines);
  }

  /** Absent for a line that is skipped. */
  partOf({ time, stream, isFull, bytes }: LogRecord): LogPart[] {
    const skipped = this.#skip.get(stream) ?? 0;
    if (skipped > 0) {
      if (isFull) this.#skip.set(stream, skipped - 1);
      return [];
    }
    const isStart = !this.#begun.has(stream);
    if (isFull) this.#begun.delete(stream);
    else this.#begun.set(stream, time);
    return [{ time, stream, bytes, isStart, isEnd: isFull }];
  }

  /** Terminates unfinished lines: the container stopped in the middle. */
  unfinished(): LogPart[] {
    return [...this.#begun].map(([stream, time]) => ({
      time,
      stream,
      bytes: Buffer.alloc(0),
      isStart: false,
      isEnd: true,
    }));
  }
}

/** Bytes from the end of the log, and characters of the line, that suffice to show an error. */
const TAIL = 16 * 1024;
const MAX_LINE = 200;

/**
 * The unmodified last line of a container's output, or its end; undefined if there is none or the
 * log cannot be read. Kubernetes' CRI log format: `TIME STREAM F|P TEXT`.
 */
export function lastLogLine(paths: InstallPaths, id: string): string | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(logFile(paths, id), 'r');
    const { size } = fstatSync(descriptor);
    const from = Math.max(0, size - TAIL);
    const buffer = Buffer.alloc(size - from);
    const length = readSync(descriptor, buffer, 0, buffer.length, from);
    const texts = buffer
      .toString('utf8', 0, length)
      .split('\n')
      .map((line) => /^\S+ std(?:out|err) [FP] ?(.*)$/.exec(line)?.[1]?.trim() ?? '');
    const last = texts.filter(Boolean).at(-1);
    return last && last.length > MAX_LINE ? `…${last.slice(-MAX_LINE)}` : last;
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
