import { StringDecoder } from 'node:string_decoder';
import { jsonText, printable } from '../model/printable.js';

type StreamName = 'stdout' | 'stderr';

interface LogPart {
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
}

/** Maximum bytes of a line in JSON; a longer line becomes several objects, all but the last `partial`. */
const LONGEST = 256 * 1024;

/** Writes each line unchanged to the stream the container used, at the pace of the reader. */
export async function printLog(
  batches: AsyncIterable<LogPart[]>,
  view: LogView,
  write: (stream: StreamName, bytes: Buffer) => Promise<void>,
): Promise<void> {
  const shown = view.json ? asJson() : asText(view);
  for await (const parts of batches) {
    let target: StreamName = 'stdout';
    let pending: Buffer[] = [];
    for (const part of parts) {
      const to = view.json ? 'stdout' : part.stream;
      if (to !== target && pending.length > 0) {
        await write(target, Buffer.concat(pending));
        pending = [];
      }
      target = to;
      pending.push(...shown(part));
    }
    if (pending.length > 0) await write(target, Buffer.concat(pending));
  }
}

const NEWLINE = Buffer.from('\n');

function asText({ timestamps, escaped }: LogView): (part: LogPart) => Buffer[] {
  const decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };
  return ({ time, stream, bytes, isStart, isEnd }) => {
    const text = escaped(stream) ? escapeText(decoders[stream], bytes, isEnd) : bytes;
    const head = timestamps && isStart ? [Buffer.from(`${time} `)] : [];
    return [...head, text, ...(isEnd ? [NEWLINE] : [])];
  };
}

/** A carriage return at the end of a line belongs to the line break. */
function escapeText(decoder: StringDecoder, bytes: Buffer, isEnd: boolean): Buffer {
  const text = decoder.write(bytes) + (isEnd ? decoder.end() : '');
  return Buffer.from(printable(isEnd ? text.replace(/\r$/, '') : text));
}

function asJson(): (part: LogPart) => Buffer[] {
  const begun = new Map<StreamName, { time: string; parts: Buffer[]; size: number }>();
  return ({ time, stream, bytes, isEnd }) => {
    const line = begun.get(stream) ?? { time, parts: [], size: 0 };
    line.parts.push(bytes);
    line.size += bytes.length;
    const isOver = isEnd || line.size >= LONGEST;
    if (!isOver) begun.set(stream, line);
    else begun.delete(stream);
    if (!isOver) return [];
    const text = Buffer.concat(line.parts).toString();
    const said = { time: line.time, stream, text, ...(!isEnd && { partial: true }) };
    return [Buffer.from(`${jsonText(said)}\n`)];
  };
}
