import { once } from 'node:events';
import type { Writable } from 'node:stream';

interface LogLine {
  time: string;
  stream: 'stdout' | 'stderr';
  text: string;
}

/** Each line to the stream the container wrote it to, at the pace of the reader. */
export async function printLog(
  lines: AsyncIterable<LogLine>,
  { timestamps }: { timestamps: boolean },
  to: Record<LogLine['stream'], Writable> = process,
): Promise<void> {
  for await (const { time, stream, text } of lines) {
    const target = to[stream];
    if (!target.write(`${timestamps ? `${time} ` : ''}${text}\n`)) await once(target, 'drain');
  }
}
