import { createHash, type Hash } from 'node:crypto';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../../model/errors.js';
import { formatBytes } from '../../../model/format.js';
import { together } from './child.js';
import { compressionIn, startDecompressor } from './compression.js';
import type { PackedLayer } from './opened.js';

/**
 * Pours the tar file that a layer is into `sink`. Every byte is counted and digested on the way, and
 * the promise rejects unless all of it is what manifest and config say: so nothing of it may be
 * used before. A layer of no bytes at all, which Docker takes, becomes an archive without members.
 *
 * @param most bytes that it may unpack to: what a whiteout is full of lands nowhere, and has no end
 */
export async function pourLayer(
  layer: PackedLayer,
  sink: Writable,
  purpose: string,
  most: number,
): Promise<void> {
  try {
    await pour(layer, sink, { digest: layer.content, most }, purpose);
  } catch (error) {
    sink.destroy();
    throw error;
  }
}

/** The digest of what a layer unpacks to, when nothing says what it has to be. */
export async function contentDigest(
  layer: Omit<PackedLayer, 'content'>,
  purpose: string,
): Promise<string> {
  const hash = createHash('sha256');
  const write = (chunk: Buffer, _encoding: string, done: () => void) => {
    hash.update(chunk);
    done();
  };
  const most = layer.bytes * MOST_RATIO + 2 ** 30;
  await pour(layer, new Writable({ write }), { most }, purpose);
  return digestIn(hash);
}

/** Far more than files have that are worth to be packed. */
const MOST_RATIO = 100;

async function pour(
  { open, stored }: Omit<PackedLayer, 'content'>,
  sink: Writable,
  unpacked: Claim,
  purpose: string,
): Promise<void> {
  const bytes = open()[Symbol.asyncIterator]();
  const { value: first = Buffer.alloc(0) } = await bytes.next();
  const all = prepended(first, bytes);
  const compression = compressionIn(first);
  if (compression === undefined) {
    return pipeline(all, checked(unpacked, purpose), checked(stored, purpose), archive, sink);
  }
  const which = stored ? `layer ${stored.digest}` : 'a layer';
  const child = startDecompressor(compression, `${purpose}: ${which}`);
  return together(
    child.ended,
    pipeline(all, checked(stored, purpose), child.stdin),
    pipeline(child.stdout, checked(unpacked, purpose), archive, sink),
  );
}

async function* prepended(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* { [Symbol.asyncIterator]: () => rest };
}

/** An archive without members is two blocks of zeros (tar(5)); tar(1) takes no bytes for damage. */
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

/** Passes on what it gets, and fails at the end, or where it is too long, when it is not as claimed. */
function checked(claim: Claim | undefined, purpose: string) {
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
