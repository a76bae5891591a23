import { existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../../model/errors.js';
import { logFile, type Site } from '../../../model/site.js';
import { isMonitored } from './started.js';

export interface LogLine {
  /** As conmon wrote it, RFC 3339 with nanoseconds. */
  time: string;
  stream: 'stdout' | 'stderr';
  text: string;
}

export interface LogOptions {
  /** Go on until the container ends. */
  follow?: boolean;
  /** Only so many of the last lines there are; all when absent. */
  last?: number;
}

/** Milliseconds between two looks while following. */
const PAUSE = 100;

/** Bytes read at once; conmon writes no line longer than 8 KiB and a little. */
const CHUNK = 256 * 1024;

/**
 * The lines a container has printed, and with `follow` those it will. When conmon begins the file
 * anew at its size limit, following goes on at its beginning.
 *
 * @throws UserError when it has no log: it never was started, or is not there
 */
export async function* readLog(
  site: Site,
  id: string,
  options: LogOptions = {},
): AsyncGenerator<LogLine> {
  const file = logFile(site, id);
  if (!existsSync(file)) {
    throw new UserError(
      `cannot show the log of ${id}: there is none`,
      'baleine ps lists containers',
    );
  }
  const join = joinParts();
  const place: Place = { inode: undefined, bytes: 0 };
  yield* lastOf(joined(file, place, join), options.last);
  while (options.follow) {
    // Looked at before the last read: what it printed while ending is not lost.
    const alive = isMonitored(site, id);
    yield* joined(file, place, join);
    if (!alive) break;
    await sleep(PAUSE);
  }
  yield* join.rest();
}

async function* lastOf(lines: AsyncGenerator<LogLine>, count?: number): AsyncGenerator<LogLine> {
  if (count === undefined) return yield* lines;
  const kept: LogLine[] = [];
  for await (const line of lines) {
    kept.push(line);
    if (kept.length > count) kept.shift();
  }
  yield* kept;
}

interface Place {
  inode: number | undefined;
  /** Read so far, up to the end of a line. */
  bytes: number;
}

async function* joined(
  file: string,
  place: Place,
  join: ReturnType<typeof joinParts>,
): AsyncGenerator<LogLine> {
  for await (const line of appended(file, place)) yield* join(line);
}

/** Whole lines that came since `place`, which moves on. */
async function* appended(file: string, place: Place): AsyncGenerator<string> {
  const handle = await openIfThere(file);
  if (!handle) return;
  try {
    const { size, ino } = await handle.stat();
    if (ino !== place.inode || size < place.bytes) Object.assign(place, { inode: ino, bytes: 0 });
    while (place.bytes < size) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK), 0, CHUNK, place.bytes);
      const whole = buffer.subarray(0, buffer.lastIndexOf(0x0a, bytesRead - 1) + 1);
      if (bytesRead === 0 || whole.length === 0) return;
      place.bytes += whole.length;
      yield* whole.toString().split('\n').slice(0, -1);
    }
  } finally {
    await handle.close();
  }
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Kubernetes' CRI log format: `TIME STREAM F|P TEXT`. A part (P) is the beginning of a line whose
 * end, the next of the same stream, is full (F).
 */
function joinParts() {
  const begun = new Map<string, LogLine>();
  function* take(line: string): Generator<LogLine> {
    const [, time, stream, tag, text] = /^(\S+) (stdout|stderr) ([FP]) ?(.*)$/s.exec(line) ?? [];
    if (time === undefined || stream === undefined || text === undefined) return;
    const before = begun.get(stream);
    const joined: LogLine = {
      time: before?.time ?? time,
      stream: stream as LogLine['stream'],
      text: (before?.text ?? '') + text,
    };
    if (tag === 'P') begun.set(stream, joined);
    else {
      begun.delete(stream);
      yield joined;
    }
  }
  /** Lines that never got an end: the container stopped in the middle. */
  function* rest(): Generator<LogLine> {
    yield* begun.values();
    begun.clear();
  }
  return Object.assign(take, { rest });
}
