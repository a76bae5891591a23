import { readSync } from 'node:fs';

export type StreamName = 'stdout' | 'stderr';

/**
 * A record in Kubernetes' CRI log format, `TIME STREAM F|P BYTES`: conmon writes at most some 8 KiB
 * into one, so a long line takes several. All but its last (F) are partial (P).
 */
export interface LogRecord {
  /** RFC 3339 with nanoseconds. */
  time: string;
  stream: StreamName;
  isFull: boolean;
  bytes: Buffer;
}

/** Bytes per read. */
export const CHUNK = 256 * 1024;

/** Upper bound for the bytes of a record before its text. */
const MAX_HEADER = 64;

/** Maximum bytes of a record that conmon may have written; anything longer is not conmon's. */
const MAX_RECORD = 64 * 1024;

const FORMAT = /^(\S+) (stdout|stderr) ([FP])(?: |$)/;
const NEWLINE = 0x0a;

/**
 * Splits a log into records while it is read, in bounded memory; skips anything that is not a
 * record.
 */
export class Splitter {
  #rest: Buffer = Buffer.alloc(0);
  /** Data up to the next newline. */
  #skips = false;

  take(chunk: Buffer): LogRecord[] {
    const text = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    const found: LogRecord[] = [];
    let start = 0;
    for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE, start)) {
      const record = this.#skips ? undefined : parse(text.subarray(start, end));
      if (record) found.push(record);
      this.#skips = false;
      start = end + 1;
    }
    this.#skips ||= text.length - start > MAX_RECORD;
    this.#rest = this.#skips ? Buffer.alloc(0) : Buffer.from(text.subarray(start));
    return found;
  }
}

function parse(line: Buffer): LogRecord | undefined {
  const head = line.toString('latin1', 0, MAX_HEADER);
  const [whole, time, stream, tag] = FORMAT.exec(head) ?? [];
  if (whole === undefined || time === undefined) return undefined;
  const bytes = line.subarray(whole.length);
  return { time, stream: stream as StreamName, isFull: tag === 'F', bytes };
}

/** Where the last lines of a file start. */
export interface Start {
  offset: number;
  /** Number of lines per stream that end after this position but belong to earlier lines. */
  skip: Map<StreamName, number>;
}

/**
 * Finds the last `count` lines of a log, ordered by their ends, by reading backward, in memory that
 * depends neither on the size of the log nor of its lines.
 *
 * @param size bytes of the file; anything after its last newline is ignored
 */
export function startOfLast(fd: number, size: number, count: number): Start {
  const state = new Counting(count);
  const buffer = Buffer.alloc(CHUNK + MAX_HEADER);
  let end: number | undefined;
  const isFound = () => end !== undefined && state.isDone;
  for (let to = size; to > 0 && !isFound(); ) {
    const from = Math.max(0, to - CHUNK);
    const length = readSync(fd, buffer, 0, Math.min(to + MAX_HEADER, size) - from, from);
    const text = buffer.subarray(0, length);
    for (let at = to - from; at > 0 && !isFound(); ) {
      at = text.subarray(0, at).lastIndexOf(NEWLINE);
      if (at < 0) break;
      const start = from + at + 1;
      if (end === undefined) end = state.offset = start;
      else if (start < end)
        state.count(text.toString('latin1', at + 1, at + 1 + MAX_HEADER), start);
    }
    if (from === 0 && end !== undefined && !state.isDone)
      state.count(text.toString('latin1', 0, MAX_HEADER), 0);
    to = from;
  }
  return { offset: state.offset, skip: state.skip };
}

/** Records from last to first. */
class Counting {
  offset = 0;
  skip = new Map<StreamName, number>();
  #left: number;
  /** Per stream, whether the current line counts; unknown before its end is seen. */
  readonly #isWanted = new Map<StreamName, boolean>();
  readonly #earlier = new Map<StreamName, number>();

  constructor(count: number) {
    this.#left = count;
  }

  /** All lines and their beginnings are found. */
  get isDone(): boolean {
    return this.#left === 0 && ![...this.#isWanted.values()].includes(true);
  }

  count(head: string, start: number): void {
    const [, , name, tag] = FORMAT.exec(head.split('\n', 1)[0] ?? '') ?? [];
    if (name === undefined) return;
    const stream = name as StreamName;
    if (tag === 'F' || !this.#isWanted.has(stream)) {
      const isWanted = this.#left > 0;
      this.#isWanted.set(stream, isWanted);
      if (isWanted) this.#left -= 1;
      else this.#earlier.set(stream, (this.#earlier.get(stream) ?? 0) + 1);
    }
    if (!this.#isWanted.get(stream)) return;
    this.offset = start;
    this.skip = new Map(this.#earlier);
  }
}
