import { createHash, type Hash } from 'node:crypto';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../../model/errors.js';
import { formatBytes } from '../../../model/format.js';
import { together } from './child.js';
import { compressionIn, startDecompressor } from './compression.js';
import type { PackedLayer } from './opened.js';

/**
 * Streams a layer's tar file into `sink`. Counts and hashes every byte, and rejects unless
 * everything matches manifest and configuration, so nothing may be used before the promise
 * resolves. An empty layer of zero bytes, which Docker accepts, becomes an archive without members.
 *
 * @param most maximum unpacked bytes: content of a whiteout is discarded and could be endless
 */
export async function streamLayer(
  layer: PackedLayer,
  sink: Writable,
  purpose: string,
  most: number,
): Promise<void> {
  try {
    await stream(layer, sink, { digest: layer.content, most }, purpose);
  } catch (error) {
    sink.destroy();
    throw error;
  }
}

/** The digest of a layer's unpacked content, for formats that do not contain it. */
export async function contentDigest(
  layer: Omit<PackedLayer, 'content'>,
  purpose: string,
): Promise<string> {
  const hash = createHash('sha256');
  const write = (chunk: Buffer, _encoding: string, done: () => void) => {
    hash.update(chunk);
    done();
  };
  const most = layer.bytes * MAX_RATIO + 2 ** 30;
  await stream(layer, new Writable({ write }), { most }, purpose);
  return digestIn(hash);
}

/** Far more than an image worth packing needs. */
const MAX_RATIO = 100;

async function stream(
  { open, stored }: Omit<PackedLayer, 'content'>,
  sink: Writable,
  unpacked: Claim,
  purpose: string,
): Promise<void> {
  const bytes = open()[Symbol.asyncIterator]();
  const { value: first = Buffer.alloc(0) } = await bytes.next();
  const all = withFirstChunk(first, bytes);
  const compression = compressionIn(first);
  if (compression === undefined) {
    return pipeline(all, verified(unpacked, purpose), verified(stored, purpose), archive, sink);
  }
  const which = stored ? `layer ${stored.digest}` : 'a layer';
  const child = startDecompressor(compression, `${purpose}: ${which}`);
  return together(
    child.ended,
    pipeline(all, verified(stored, purpose), child.stdin),
    pipeline(child.stdout, verified(unpacked, purpose), archive, sink),
  );
}

async function* withFirstChunk(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* { [Symbol.asyncIterator]: () => rest };
}

/**
 * An archive without members is two zero blocks (tar(5)); tar(1) reports an empty input as damaged.
 */
async function* archive(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let empty = true;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    empty = false;
    yield chunk;
  }
  if (empty) yield Buffer.alloc(1024);
}

interface Claim {
  digest?: string;
  size?: number;
  most?: number;
}

/** Passes data on, and fails if size or digest do not match the claim. */
function verified(claim: Claim | undefined, purpose: string) {
  return async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    if (!claim) return yield* chunks;
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (claim.size !== undefined && size > claim.size) throw wrongSize(claim, purpose);
      if (claim.most !== undefined && size > claim.most) throw tooLarge(claim.most, purpose);
      hash.update(chunk);
      yield chunk;
    }
    if (claim.size !== undefined && size < claim.size) throw wrongSize(claim, purpose);
    compare(hash, claim, purpose);
  };
}

const digestIn = (hash: Hash) => `sha256:${hash.digest('hex')}`;

function compare(hash: Hash, { digest }: Claim, purpose: string): void {
  const found = digestIn(hash);
  if (digest === undefined || found === digest) return;
  throw new Error(`cannot ${purpose}: a layer has digest ${found} instead of ${digest}`);
}

function wrongSize({ digest, size }: Claim, purpose: string): Error {
  return new Error(`cannot ${purpose}: layer ${digest} has another size than ${size} bytes`);
}

function tooLarge(most: number, purpose: string): UserError {
  return new UserError(
    `cannot ${purpose}: a layer unpacks to more than ${formatBytes(most)}`,
    'If it is to be that large, give the image a larger `size`.',
  );
}
