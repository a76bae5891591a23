import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { UserError } from '../../../model/errors.js';
import { type InstallPaths, logFile } from '../../../model/install-paths.js';
import { LogFiles } from './log-files.js';
import { CHUNK, type LogRecord, Splitter, type StreamName, startOfLast } from './log-records.js';
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
  /** Only lines that began then or later; milliseconds since 1970. */
  since?: number;
  /** Only lines that had begun by then; milliseconds since 1970. */
  until?: number;
  /** Called if lines were lost because the log was replaced faster than it was read. */
  onGap?: () => void;
}

/** What there is in a log that no container writes any more. */
export function readKeptLog(
  paths: InstallPaths,
  file: string,
  options: LogOptions = {},
): AsyncGenerator<LogPart[]> {
  return piecesOf(new LogReader(paths, '', { ...options, follow: false }, file), false);
}

/** What a reader finds, with `follow` until its container has ended. Closes it. */
export async function* piecesOf(reader: LogReader, follow: boolean): AsyncGenerator<LogPart[]> {
  try {
    for (;;) {
      // checked before the last read, so that output written at its end is not lost
      const goesOn = follow && reader.isLive();
      for (let parts = reader.take(); parts; parts = reader.take()) yield parts;
      if (!goesOn) break;
      await reader.pause();
    }
    const rest = reader.unfinished();
    if (rest.length > 0) yield rest;
  } finally {
    reader.close();
  }
}

/**
 * The output of a container so far as bytes, and with `follow` its future output: in bounded memory,
 * however long its lines are. A slow reader loses nothing until conmon has replaced the log 16
 * times.
 *
 * @throws UserError if it has no log: it was never started, or does not exist
 */
export async function* readLog(
  paths: InstallPaths,
  id: string,
  options: LogOptions = {},
): AsyncGenerator<LogPart[]> {
  if (!existsSync(logFile(paths, id))) {
    throw new UserError(
      `cannot show the log of ${id}: there is none`,
      'baleine ps lists containers',
    );
  }
  yield* piecesOf(new LogReader(paths, id, options), options.follow === true);
}

/** The log of one container, read piece by piece. Its file may appear, vanish or be replaced. */
export class LogReader {
  readonly #files: LogFiles;
  readonly #lines: Lines;
  readonly #onGap: () => void;
  #splitter = new Splitter();
  #file: unknown;

  constructor(
    private readonly paths: InstallPaths,
    private readonly id: string,
    { follow = false, last, since, until, onGap = () => undefined }: LogOptions,
    file = logFile(paths, id),
  ) {
    this.#files = new LogFiles(file, follow);
    this.#lines = new Lines({ since, until });
    this.#onGap = onGap;
    const { current } = this.#files;
    this.#file = current;
    if (last === undefined || !current) return;
    const size = Math.min(current.end, fstatSync(current.fd).size);
    if (until !== undefined) {
      this.#lines.skipAtFirst(countLines(current.fd, size, { since, until }) - last);
      return;
    }
    const { offset, skip } = startOfLast(current.fd, size, last);
    current.at = offset;
    this.#lines.skip(skip);
  }

  /** Whether more output may come: conmon outlives the container until all of it is in the log. */
  isLive(): boolean {
    return isMonitored(this.paths, this.id);
  }

  /** The next available pieces, of one read at most; undefined if there are none now. */
  take(): LogPart[] | undefined {
    for (const chunk of this.#files.chunks()) {
      if (this.#files.current !== this.#file) this.#splitter = new Splitter();
      this.#file = this.#files.current;
      if (this.#files.missed > 0) {
        this.#files.missed = 0;
        this.#onGap();
      }
      const parts = this.#splitter.take(chunk).flatMap((record) => this.#lines.partOf(record));
      if (parts.length > 0) return parts;
    }
    return undefined;
  }

  /** Ends of the lines that have none, once the process that began them has ended. */
  unfinished(): LogPart[] {
    return this.#lines.unfinished();
  }

  pause(): Promise<void> {
    return this.#files.pause();
  }

  close(): void {
    this.#files.close();
  }
}

/** Number of lines in the first `size` bytes that began in a period. */
function countLines(fd: number, size: number, period: Period): number {
  const [lines, splitter] = [new Lines(period), new Splitter()];
  const buffer = Buffer.allocUnsafe(CHUNK);
  let count = 0;
  for (let at = 0; ; ) {
    const length = readSync(fd, buffer, 0, Math.min(CHUNK, size - at), at);
    if (length === 0) return count;
    at += length;
    const parts = splitter
      .take(buffer.subarray(0, length))
      .flatMap((record) => lines.partOf(record));
    count += parts.filter(({ isStart }) => isStart).length;
  }
}

/** Milliseconds since 1970; open where undefined. */
interface Period {
  since: number | undefined;
  until: number | undefined;
}

/** Joins records to lines. */
class Lines {
  readonly #begun = new Map<StreamName, string>();
  /** Streams whose current line is left out. */
  readonly #omitted = new Set<StreamName>();
  readonly #period: Period;
  #skip = new Map<StreamName, number>();
  #skipAtFirst = 0;

  constructor(period: Period) {
    this.#period = period;
  }

  skip(lines: Map<StreamName, number>): void {
    this.#skip = new Map(lines);
  }

  /** Lines of either stream. */
  skipAtFirst(lines: number): void {
    this.#skipAtFirst = lines;
  }

  /** Absent for a line that is skipped. */
  partOf({ time, stream, isFull, bytes }: LogRecord): LogPart[] {
    const skipped = this.#skip.get(stream) ?? 0;
    if (skipped > 0) {
      if (isFull) this.#skip.set(stream, skipped - 1);
      return [];
    }
    const isStart = !this.#begun.has(stream) && !this.#omitted.has(stream);
    if (this.#omitted.has(stream) || (isStart && !this.#isWanted(time))) {
      if (isFull) this.#omitted.delete(stream);
      else this.#omitted.add(stream);
      return [];
    }
    if (isFull) this.#begun.delete(stream);
    else this.#begun.set(stream, time);
    return [{ time, stream, bytes, isStart, isEnd: isFull }];
  }

  /** Whether a line that began at this time is shown. */
  #isWanted(time: string): boolean {
    const { since, until } = this.#period;
    if (since !== undefined || until !== undefined) {
      const at = Date.parse(time);
      if (since !== undefined && at < since) return false;
      if (until !== undefined && at > until) return false;
    }
    this.#skipAtFirst -= 1;
    return this.#skipAtFirst < 0;
  }

  /** Terminates unfinished lines: the container stopped in the middle. */
  unfinished(): LogPart[] {
    const begun = [...this.#begun];
    this.#begun.clear();
    this.#omitted.clear();
    return begun.map(([stream, time]) => ({
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
