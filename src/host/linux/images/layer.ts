import { createHash, type Hash } from 'node:crypto';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { startChild, together } from './child.js';
import { compressionIn } from './compression.js';
import type { PackedLayer } from './opened.js';

/**
 * Pours the tar file that a layer is into `sink`. Every byte is counted and digested on the way, and
 * the promise rejects unless all of it is what manifest and config say: so nothing of it may be
 * used before.
 */
export async function pourLayer(
  layer: PackedLayer,
  sink: Writable,
  purpose: string,
): Promise<void> {
  try {
    await pour(layer, sink, purpose);
  } catch (error) {
    sink.destroy();
    throw error;
  }
}

async function pour({ open, stored, content }: PackedLayer, sink: Writable, purpose: string) {
  const bytes = open()[Symbol.asyncIterator]();
  const { value: first = Buffer.alloc(0) } = await bytes.next();
  const all = prepended(first, bytes);
  const unpacked = { digest: content };
  if (compressionIn(first) === undefined) {
    return pipeline(all, checked(unpacked, purpose), checked(stored, purpose), sink);
  }
  // zstd(1) reads the others too
  const zstd = startChild('zstd', ['--decompress', '--stdout', '--quiet'], { purpose });
  return together(
    zstd.ended,
    pipeline(all, checked(stored, purpose), zstd.stdin),
    pipeline(zstd.stdout, checked(unpacked, purpose), sink),
  );
}

async function* prepended(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* { [Symbol.asyncIterator]: () => rest };
}

interface Claim {
  digest: string;
  size?: number;
}

/** Passes on what it gets, and fails at the end, or where it is too long, when it is not as claimed. */
function checked(claim: Claim | undefined, purpose: string) {
  return async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    if (!claim) return yield* chunks;
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (claim.size !== undefined && size > claim.size) throw wrongSize(claim, purpose);
      hash.update(chunk);
      yield chunk;
    }
    if (claim.size !== undefined && size < claim.size) throw wrongSize(claim, purpose);
    compare(hash, claim, purpose);
  };
}

function compare(hash: Hash, { digest }: Claim, purpose: string): void {
  const found = `sha256:${hash.digest('hex')}`;
  if (found === digest) return;
  throw new Error(`cannot ${purpose}: a layer has digest ${found} instead of ${digest}`);
}

function wrongSize({ digest, size }: Claim, purpose: string): Error {
  return new Error(`cannot ${purpose}: layer ${digest} has another size than ${size} bytes`);
}
