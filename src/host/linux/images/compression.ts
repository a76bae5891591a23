import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { messageOf, UserError } from '../../../model/errors.js';
import { findProgram } from '../process/programs.js';
import { type Child, startChild, together } from './child.js';
import type { Staging } from './staging.js';

export type Compression = 'gzip' | 'bzip2' | 'xz' | 'zstd';

/**
 * Magic numbers: RFC 1952, 2.3.1; bzip2's "BZh", block size, and the magic of a block or of the
 * end; the .xz file format, 2.1.1.1; RFC 8878, 3.1.1 and 3.1.2.
 */
const MAGIC: Record<Compression, RegExp> = {
  gzip: /^1f8b/,
  bzip2: /^425a683[1-9](314159265359|177245385090)/,
  xz: /^fd377a585a00/,
  zstd: /^(28b52ffd|5[0-9a-f]2a4d18)/,
};
const MAGIC_BYTES = 10;

/**
 * Each format is read by its own program, which reports damage best. Limits the memory that a file
 * may demand: zstd's own limit is 128 MiB.
 */
const PROGRAMS: Record<Compression, string[]> = {
  gzip: ['gzip', '--decompress', '--stdout'],
  bzip2: ['bzip2', '--decompress', '--stdout', '--quiet'],
  xz: ['xz', '--decompress', '--stdout', '--quiet', '--memlimit-decompress=256MiB'],
  zstd: ['zstd', '--decompress', '--stdout', '--quiet', '--no-progress'],
};

/** Detected by content, regardless of the name; undefined if it is not compressed. */
export async function compressionOf(path: string): Promise<Compression | undefined> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
    return compressionIn(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** Same, from the first bytes. */
export function compressionIn(first: Buffer): Compression | undefined {
  const start = first.toString('hex', 0, MAGIC_BYTES);
  return (Object.keys(MAGIC) as Compression[]).find((name) => MAGIC[name].test(start));
}

/** Decompresses its input. Fails if the input is truncated or damaged. */
export function startDecompressor(compression: Compression, purpose: string): Child {
  const [program = '', ...args] = PROGRAMS[compression];
  // zstd(1) also reads gzip and xz if nothing better is installed
  const own = findProgram(program) || compression === 'bzip2' || !findProgram('zstd');
  const [chosen = '', ...words] = own ? [program, ...args] : PROGRAMS.zstd;
  const { ended, ...child } = startChild(chosen, words, { purpose });
  const named = ended.catch((error: Error) => {
    if (UNREAD.test(error.message)) throw Object.assign(error, { code: 'EPIPE' });
    // name the format, regardless of the program that reads it
    throw new Error(error.message.replace(ANONYMOUS, `${compression}: `), { cause: error });
  });
  // the result may be awaited only after something else has failed
  named.catch(() => {});
  return { ...child, ended: named };
}

/**
 * The reader has closed the pipe and reports the reason itself. gzip(1) then may say nothing, which
 * it never does about damage.
 */
const UNREAD = /Broken pipe|Connection reset by peer|: gzip: exit code \d+$/;

/** zstd's prefix of messages, and its name for standard input. */
const ANONYMOUS = /(?:zstd: )?\/\*stdin\*\\ *: */g;

/**
 * Decompresses a file into the staging area.
 *
 * @throws UserError if the result exceeds the available space; Error if the file is damaged
 */
export async function decompress(
  from: string,
  compression: Compression,
  name: string,
  staging: Staging,
  purpose: string,
): Promise<void> {
  const child = startDecompressor(compression, purpose);
  const full = (error: Error) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    throw new UserError(
      `cannot ${purpose}: No space left on device: it unpacks to more than twice its expected size`,
      'If it is to be that large, give the image a `size`.',
      { cause: error },
    );
  };
  await together(
    pipeline(createReadStream(from), child.stdin),
    pipeline(child.stdout, createWriteStream(join(staging.outside, name))).catch(full),
    child.ended,
  ).catch((error) => {
    if (error instanceof UserError || messageOf(error).startsWith('cannot ')) throw error;
    throw new Error(`cannot ${purpose}: ${messageOf(error)}`, { cause: error });
  });
}
