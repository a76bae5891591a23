import { once } from 'node:events';
import type { Writable } from 'node:stream';

interface LogLine {
  time: string;
  stream: 'stdout' | 'stderr';
  text: string;
}

/** Each line to the stream the container wrote it to, as JSON all to standard output; at the pace of the reader. */
export async function printLog(
  lines: AsyncIterable<LogLine>,
  { timestamps, json = false }: { timestamps: boolean; json?: boolean },
  to: Record<LogLine['stream'], Writable> = process,
): Promise<void> {
  for await (const { time, stream, text } of lines) {
    const target = to[json ? 'stdout' : stream];
    const plain = `${timestamps ? `${time} ` : ''}${text}`;
    const line = json ? JSON.stringify({ time, stream, text }) : plain;
    if (!target.write(`${line}\n`)) await once(target, 'drain');
  }
}
