import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Staging } from './staging.js';
import { tool } from './tool.js';

export type Compression = 'gzip' | 'xz' | 'zstd';

/** The first bytes: RFC 1952, 2.3.1; the .xz file format, 2.1.1.1; RFC 8878, 3.1.1. */
const MAGIC: Record<Compression, string> = {
  gzip: '1f8b',
  xz: 'fd377a585a00',
  zstd: '28b52ffd',
};

/** By content, whatever the name says; undefined for what is not compressed. */
export async function compressionOf(path: string): Promise<Compression | undefined> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(6), 0, 6, 0);
    return compressionIn(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** The same of what a file begins with. */
export function compressionIn(first: Buffer): Compression | undefined {
  const start = first.toString('hex', 0, 6);
  return (Object.keys(MAGIC) as Compression[]).find((name) => start.startsWith(MAGIC[name]));
}

/**
 * From anywhere into the staging room. zstd(1) reads the others too. A truncated or damaged file is
 * an error.
 */
export async function decompress(
  from: string,
  name: string,
  staging: Staging,
  purpose: string,
): Promise<void> {
  const to = join(staging.inside, name);
  const args = ['--decompress', '--quiet', '--no-progress', '-o', to, '--', from];
  await tool('zstd', args, { purpose, staging });
}
