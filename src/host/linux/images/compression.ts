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
 * The first bytes: RFC 1952, 2.3.1; bzip2's "BZh", block size, and the magic of a block or of the end;
 * the .xz file format, 2.1.1.1; RFC 8878, 3.1.1 and 3.1.2.
 */
const MAGIC: Record<Compression, RegExp> = {
  gzip: /^1f8b/,
  bzip2: /^425a683[1-9](314159265359|177245385090)/,
  xz: /^fd377a585a00/,
  zstd: /^(28b52ffd|5[0-9a-f]2a4d18)/,
};
const MAGIC_BYTES = 10;

/**
 * Each format by its own program, which knows best what is wrong with a damaged file. The memory that
 * a file may ask for is bounded: zstd's own limit is 128 MiB.
 */
const PROGRAMS: Record<Compression, string[]> = {
  gzip: ['gzip', '--decompress', '--stdout'],
  bzip2: ['bzip2', '--decompress', '--stdout', '--quiet'],
  xz: ['xz', '--decompress', '--stdout', '--quiet', '--memlimit-decompress=256MiB'],
  zstd: ['zstd', '--decompress', '--stdout', '--quiet', '--no-progress'],
};

/** By content, whatever the name says; undefined for what is not compressed. */
export async function compressionOf(path: string): Promise<Compression | undefined> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
    return compressionIn(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** The same of what a file begins with. */
export function compressionIn(first: Buffer): Compression | undefined {
  const start = first.toString('hex', 0, MAGIC_BYTES);
  return (Object.keys(MAGIC) as Compression[]).find((name) => MAGIC[name].test(start));
}

/** Unpacks what is written to it. A truncated or damaged file is an error of its. */
export function startDecompressor(compression: Compression, purpose: string): Child {
  const [program = '', ...args] = PROGRAMS[compression];
  // zstd(1) reads gzip and xz too, where nothing better is installed
  const own = findProgram(program) || compression === 'bzip2' || !findProgram('zstd');
  const [chosen = '', ...words] = own ? [program, ...args] : PROGRAMS.zstd;
  const { ended, ...child } = startChild(chosen, words, { purpose });
  const named = ended.catch((error: Error) => {
    if (UNREAD.test(error.message)) throw Object.assign(error, { code: 'EPIPE' });
    // by the format, whichever program reads it
    throw new Error(error.message.replace(ANONYMOUS, `${compression}: `), { cause: error });
  });
  // whoever waits for it may do so only after something else has failed
  named.catch(() => {});
  return { ...child, ended: named };
}

/** Its reader has given up, and knows why. */
const UNREAD = /Broken pipe|Connection reset by peer/;

/** What zstd has for a name of standard input, and its own before it. */
const ANONYMOUS = /(?:zstd: )?\/\*stdin\*\\ *: */g;

/**
 * From anywhere into the staging room.
 *
 * @throws UserError when it unpacks to more than there is room for; Error when it is damaged
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
      `cannot ${purpose}: No space left on device: it unpacks to more than twice what it is expected to hold`,
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
