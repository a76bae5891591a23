import { mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compressionOf, decompress } from './compression.js';
import { blobIn, CONFIG, finishLayout, hexOf, LAYER } from './layout.js';
import type { Descriptor, Manifest } from './manifest.js';
import type { Staging } from './staging.js';

/** An image that was fetched into a staging room. */
export interface Fetched {
  staging: Staging;
  /** Folder of its blobs in the room. */
  blobs: string;
  manifest: Manifest;
  /** Digests of the layers uncompressed, which umoci checks. */
  contents: string[];
  purpose: string;
}

/**
 * Makes an OCI image layout of it for umoci, and answers its name there. Layers get the type that
 * their content has, whatever was said; those that umoci cannot read (it knows gzip) are unpacked.
 */
export async function layOut(fetched: Fetched): Promise<string> {
  const { staging, blobs, manifest, contents, purpose } = fetched;
  const { config, layers } = manifest;
  if (layers.length !== contents.length) {
    const counts = `${layers.length} layers, but ${contents.length} in its config`;
    throw new Error(`cannot ${purpose}: it has ${counts}`);
  }
  const layout = join(staging.outside, FOLDER);
  await mkdir(join(layout, 'blobs/sha256'), { recursive: true });
  // An image may have the same layer twice.
  const ready = new Map<string, Descriptor>();
  for (const [index, layer] of layers.entries()) {
    if (ready.has(layer.digest)) continue;
    ready.set(layer.digest, await layerOf(layer, contents[index] as string, fetched));
  }
  await rename(join(staging.outside, blobs, hexOf(config)), blobIn(layout, config));
  const ordered = layers.map(({ digest }) => ready.get(digest) as Descriptor);
  await finishLayout(layout, { ...config, mediaType: CONFIG }, ordered, TAG);
  return `${join(staging.inside, FOLDER)}:${TAG}`;
}

const FOLDER = 'layout';
const TAG = 'image';

async function layerOf(
  layer: Descriptor,
  content: string,
  { staging, blobs, purpose }: Fetched,
): Promise<Descriptor> {
  const from = join(blobs, hexOf(layer));
  const layout = join(staging.outside, FOLDER);
  const compression = await compressionOf(join(staging.outside, from));
  if (compression === undefined || compression === 'gzip') {
    await rename(join(staging.outside, from), blobIn(layout, layer));
    return { ...layer, mediaType: compression ? `${LAYER}+gzip` : LAYER };
  }
  const plain = { mediaType: LAYER, digest: content };
  await decompress(join(staging.inside, from), blobIn(FOLDER, plain), staging, purpose);
  return { ...plain, size: (await stat(blobIn(layout, plain))).size };
}
