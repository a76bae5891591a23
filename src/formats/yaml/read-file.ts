import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf, UserError } from '../../model/errors.js';

export interface Source {
  /** Name in messages; `-` for standard input. */
  file: string;
  text: string;
  /** Variables for `${NAME}` in values. */
  env: NodeJS.ProcessEnv;
  /** Base of relative paths: the file's folder. */
  directory: string;
}

/** Bytes. */
export const MAX_SIZE = 1024 * 1024;

/**
 * Reads the file, or standard input for `-`; relative paths then start at the current folder.
 *
 * @throws UserError if it is missing, unreadable, larger than 1 MiB or not UTF-8
 */
export async function readSource(file: string): Promise<Omit<Source, 'env'>> {
  const bytes = file === '-' ? await drain(process.stdin) : contentOf(file);
  if (bytes.length > MAX_SIZE) throw new UserError(`cannot read ${file}: it is larger than 1 MiB`);
  const directory = file === '-' ? process.cwd() : dirname(resolve(file));
  if (!isUtf8(bytes)) throw new UserError(`cannot read ${file}: it is not UTF-8`);
  return { file, text: bytes.toString('utf8'), directory };
}

function contentOf(file: string): Buffer {
  try {
    return take(file);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const hint = isMissing ? 'name another with -f FILE, or - for standard input' : undefined;
    const cause = isMissing ? 'no such file' : messageOf(error);
    throw new UserError(`cannot read ${file}: ${cause}`, hint, { cause: error });
  }
}

/** Stops once it is too large: the source may be endless. */
function take(file: string): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let size = 0, more = 1; more > 0 && size <= MAX_SIZE; size += more) {
      const chunk = Buffer.allocUnsafe(64 * 1024);
      more = readSync(descriptor, chunk);
      chunks.push(chunk.subarray(0, more));
    }
    return Buffer.concat(chunks);
  } finally {
    closeSync(descriptor);
  }
}

/** Same for a stream, which may block. */
async function drain(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_SIZE) break;
  }
  return Buffer.concat(chunks);
}
