import type { LogOptions, LogPart, LogReader } from '../host/linux/runtime/logs.js';
import { lockFile } from '../model/install-paths.js';
import { poll } from '../model/poll.js';
import { holdersOf } from '../state/lock-holders.js';
import type { Context } from './context.js';
import { type ContainerRow, membersOf, selectContainers } from './lookup.js';

/** A piece of a line, or a whole line, of one of several containers. */
export interface ContainerLogPart extends LogPart {
  container: string;
}

export interface FollowOptions extends Omit<LogOptions, 'onGap'> {
  /** Called if lines of a container were lost; see `LogOptions`. */
  onGap?: (container: string) => void;
  /** Ends following after what there is has been returned. */
  signal?: AbortSignal;
}

/** Containers of a stack by name, service or farm; all of them when none is named. */
export interface LogSelection {
  stack: string;
  names: readonly string[];
}

/** Milliseconds between two looks for new output, and for containers that came or went. */
const PAUSE = 100;
const REVIEW = 1000;

/** Bytes after which a batch is handed on. */
const BATCH = 256 * 1024;

/**
 * The output of several containers so far, ordered by time; with `follow` also their new output, and
 * that of containers that are restarted, replaced or added. Following ends when
 * none of them runs any more, unless another baleine is at work that may start them again.
 *
 * @throws UserError for an unknown name
 */
export async function* followLogs(
  context: Context,
  of: LogSelection,
  { follow = false, signal, onGap, ...options }: FollowOptions,
): AsyncGenerator<ContainerLogPart[]> {
  const { LogReader } = await import('../host/linux/runtime/logs.js');
  const sources = new Map<string, Source>();
  const review = (first: boolean) => {
    const rows = first ? select(context, of) : present(context, of);
    for (const { name, spec } of rows ?? []) {
      if (sources.has(spec.id)) continue;
      const own = { follow, onGap: () => onGap?.(name) };
      // of a new container everything is new
      const all = first ? { ...options, ...own } : own;
      sources.set(spec.id, new Source(name, new LogReader(context.paths, spec.id, all)));
    }
    return rows;
  };
  try {
    review(true);
    for (let reviewed = Date.now(); ; ) {
      // checked before the last read, so that output written at its end is not lost
      const goesOn =
        follow && signal?.aborted !== true && isGoingOn(context, [...sources.values()]);
      yield* merged([...sources.values()]);
      if (!goesOn) break;
      await wait(signal);
      if (Date.now() - reviewed < REVIEW) continue;
      reviewed = Date.now();
      const rows = review(false);
      for (const [id, source] of sources) {
        if (!rows || rows.some(({ spec }) => spec.id === id) || source.isLive) continue;
        yield* merged([source]);
        yield source.unfinished();
        source.reader.close();
        sources.delete(id);
      }
    }
    for (const source of sources.values()) yield source.unfinished();
  } finally {
    for (const { reader } of sources.values()) reader.close();
  }
}

function select(context: Context, { stack, names }: LogSelection): ContainerRow[] {
  return selectContainers(context.state().rows, stack, names, 'show the log of');
}

/** Those that are there; undefined while the state cannot be read, as between writes of two tables. */
function present(context: Context, { stack, names }: LogSelection): ContainerRow[] | undefined {
  try {
    const { rows } = context.state();
    const there = names.filter((name) => membersOf(rows, stack, name).length > 0);
    return names.length > 0 && there.length === 0 ? [] : select(context, { stack, names: there });
  } catch {
    return undefined;
  }
}

function isGoingOn({ paths }: Context, sources: readonly Source[]): boolean {
  for (const source of sources) source.look();
  if (sources.some(({ isLive }) => isLive)) return true;
  const { run } = holdersOf(lockFile(paths));
  return run !== undefined && run.pid !== process.pid;
}

/** Ends early if the signal is aborted. */
async function wait(signal: AbortSignal | undefined): Promise<void> {
  const pause = { pause: PAUSE, limit: PAUSE, ...(signal && { signal }) };
  await poll(() => false, pause).catch(() => undefined);
}

class Source {
  /** Whether its container ran at the last look. */
  isLive = false;
  #queue: LogPart[] = [];
  #at = 0;
  #time: number | undefined;
  #hasEnded = false;

  constructor(
    readonly container: string,
    readonly reader: LogReader,
  ) {}

  look(): void {
    const wasLive = this.isLive;
    this.isLive = this.reader.isLive();
    if (wasLive && !this.isLive) this.#hasEnded = true;
  }

  /** The next piece; undefined if there is none now. */
  get head(): LogPart | undefined {
    if (this.#at >= this.#queue.length) {
      this.#queue = this.reader.take() ?? this.#rest();
      this.#at = 0;
    }
    return this.#queue[this.#at];
  }

  /** The line that an ended process has begun is not continued by the next. */
  #rest(): LogPart[] {
    if (!this.#hasEnded) return [];
    this.#hasEnded = false;
    return this.reader.unfinished();
  }

  /** Milliseconds since 1970 of the next piece. */
  get time(): number {
    this.#time ??= Date.parse(this.head?.time ?? '');
    return this.#time;
  }

  next(): ContainerLogPart {
    const part = this.head as LogPart;
    this.#at += 1;
    this.#time = undefined;
    return { container: this.container, ...part };
  }

  unfinished(): ContainerLogPart[] {
    return this.reader.unfinished().map((part) => ({ container: this.container, ...part }));
  }
}

/** All that is there now, by time. A line that has begun is not interrupted if its end is there. */
function* merged(sources: readonly Source[]): Generator<ContainerLogPart[]> {
  let batch: ContainerLogPart[] = [];
  let size = 0;
  for (let open: Source | undefined; ; ) {
    const source = open?.head ? open : earliest(sources);
    if (!source) break;
    const part = source.next();
    open = part.isEnd ? undefined : source;
    batch.push(part);
    size += part.bytes.length;
    if (size < BATCH) continue;
    yield batch;
    [batch, size] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}

function earliest(sources: readonly Source[]): Source | undefined {
  let found: Source | undefined;
  for (const source of sources) {
    const { head } = source;
    if (!head) continue;
    if (!found || isEarlier(source, found)) found = source;
  }
  return found;
}

/** Log times have nanoseconds, which a number of milliseconds has not. */
function isEarlier(a: Source, b: Source): boolean {
  return a.time === b.time ? (a.head?.time ?? '') < (b.head?.time ?? '') : a.time < b.time;
}
