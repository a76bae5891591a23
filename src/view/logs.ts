import { StringDecoder } from 'node:string_decoder';
import { jsonText, printable } from '../model/printable.js';

type StreamName = 'stdout' | 'stderr';

interface LogPart {
  container: string;
  time: string;
  stream: StreamName;
  bytes: Buffer;
  isStart: boolean;
  isEnd: boolean;
}

export interface LogView {
  /** Prefix each line with the time at which it began. */
  timestamps: boolean;
  /** Print one object per line, all to standard output. */
  json: boolean;
  /** Whether control characters are escaped (`\u001b`) on this stream. */
  escaped: (stream: StreamName) => boolean;
  /** What comes before each line of a container; see `logPrefixes`. */
  prefix?: (container: string, stream: StreamName) => string;
  /** Whether both streams are the same terminal: a line of one also interrupts one of the other. */
  oneScreen?: boolean;
}

/** Maximum bytes of a line in JSON; a longer line becomes several objects, all but the last `partial`. */
const LONGEST = 256 * 1024;

/** Writes each line unchanged to the stream the container used, at the pace of the reader. */
export async function printLog(
  batches: AsyncIterable<LogPart[]>,
  view: LogView,
  write: (stream: StreamName, bytes: Buffer) => Promise<void>,
): Promise<void> {
  const shown = view.json ? asJson() : new TextView(view).shown;
  for await (const parts of batches) {
    let target: StreamName = 'stdout';
    let pending: Buffer[] = [];
    for (const [to, bytes] of parts.flatMap(shown)) {
      if (to !== target && pending.length > 0) {
        await write(target, Buffer.concat(pending));
        pending = [];
      }
      target = to;
      pending.push(bytes);
    }
    if (pending.length > 0) await write(target, Buffer.concat(pending));
  }
}

/** Of lines of several containers: their names in a column, each in its color (console_codes(4)). */
export function logPrefixes(
  names: readonly string[],
  isColored: (stream: StreamName) => boolean,
): (container: string, stream: StreamName) => string {
  const colors = new Map(names.map((name, index) => [name, colorAt(index)]));
  let width = Math.max(0, ...names.map((name) => name.length));
  return (container, stream) => {
    const color = colors.get(container) ?? colorAt(colors.size);
    colors.set(container, color);
    width = Math.max(width, container.length);
    const text = `${container.padEnd(width)} |`;
    return isColored(stream) ? `\x1b[${color}m${text}\x1b[0m ` : `${text} `;
  };
}

/** Cyan, yellow, green, magenta, blue, and the same brighter; not red, which means an error. */
const COLORS = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];
const colorAt = (index: number) => COLORS[index % COLORS.length] ?? 0;

type Output = [to: StreamName, bytes: Buffer];

const NEWLINE = Buffer.from('\n');

class TextView {
  readonly #decoders = new Map<string, StringDecoder>();
  /** The line at the end of each output, if it goes on. */
  readonly #open = new Map<string, { key: string; stream: StreamName }>();

  constructor(private readonly view: LogView) {}

  readonly shown = (part: LogPart): Output[] => {
    const { container, stream, bytes, isStart, isEnd } = part;
    const key = `${container} ${stream}`;
    const text = this.view.escaped(stream) ? this.#escaped(key, bytes, isEnd) : bytes;
    const end = isEnd ? [NEWLINE] : [];
    if (!this.view.prefix) {
      const head = isStart ? [this.#head(part)] : [];
      return [[stream, Buffer.concat([...head, text, ...end])]];
    }
    const output = this.view.oneScreen ? 'screen' : stream;
    const open = this.#open.get(output);
    const goesOn = !isStart && open?.key === key;
    // it was interrupted, and so ended, before
    if (!isStart && !goesOn && isEnd && text.length === 0) return [];
    if (isEnd) this.#open.delete(output);
    else this.#open.set(output, { key, stream });
    const interrupted: Output[] = open && !goesOn ? [[open.stream, NEWLINE]] : [];
    const head = goesOn ? [] : [this.#head(part)];
    return [...interrupted, [stream, Buffer.concat([...head, text, ...end])]];
  };

  #head({ container, time, stream }: LogPart): Buffer {
    const prefix = this.view.prefix?.(container, stream) ?? '';
    return Buffer.from(`${prefix}${this.view.timestamps ? `${time} ` : ''}`);
  }

  /** A carriage return at the end of a line belongs to the line break. */
  #escaped(key: string, bytes: Buffer, isEnd: boolean): Buffer {
    const decoder = this.#decoders.get(key) ?? new StringDecoder('utf8');
    this.#decoders.set(key, decoder);
    const text = decoder.write(bytes) + (isEnd ? decoder.end() : '');
    return Buffer.from(printable(isEnd ? text.replace(/\r$/, '') : text));
  }
}

function asJson(): (part: LogPart) => Output[] {
  const begun = new Map<string, { time: string; parts: Buffer[]; size: number }>();
  return ({ container, time, stream, bytes, isEnd }) => {
    const key = `${container} ${stream}`;
    const line = begun.get(key) ?? { time, parts: [], size: 0 };
    line.parts.push(bytes);
    line.size += bytes.length;
    const isOver = isEnd || line.size >= LONGEST;
    if (!isOver) begun.set(key, line);
    else begun.delete(key);
    if (!isOver) return [];
    const text = Buffer.concat(line.parts).toString();
    const said = { container, time: line.time, stream, text, ...(!isEnd && { partial: true }) };
    return [['stdout', Buffer.from(`${jsonText(said)}\n`)]];
  };
}
