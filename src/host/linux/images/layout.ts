import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digest } from '../../../model/json.js';
import { compressionOf, decompress } from './compression.js';
import type { Descriptor, Manifest } from './manifest.js';

/** The one image in a layout of ours. */
export const NAME = 'image';

const TYPE = 'application/vnd.oci.image';
export const LAYER = `${TYPE}.layer.v1.tar`;
export const CONFIG = `${TYPE}.config.v1+json`;

/**
 * Makes an OCI image layout of blobs that were fetched, for umoci: layers get the type that their
 * content has, whatever was said, and those it cannot read (it knows gzip) are unpacked.
 *
 * @param contents digests of the layers uncompressed, which umoci checks
 */
export async function writeLayout(
  layout: string,
  blobs: string,
  { config, layers }: Manifest,
  contents: string[],
  purpose: string,
): Promise<void> {
  if (layers.length !== contents.length) {
    throw new Error(
      `cannot ${purpose}: ${layers.length} layers, but ${contents.length} in its config`,
    );
  }
  await mkdir(join(layout, 'blobs/sha256'), { recursive: true });
  // An image may have the same layer twice.
  const ready = new Map<string, Descriptor>();
  for (const [index, layer] of layers.entries()) {
    if (ready.has(layer.digest)) continue;
    ready.set(
      layer.digest,
      await layerOf(layer, contents[index] as string, blobs, layout, purpose),
    );
  }
  await rename(join(blobs, hexOf(config)), blobIn(layout, config));
  const ordered = layers.map(({ digest }) => ready.get(digest) as Descriptor);
  await finishLayout(layout, { ...config, mediaType: CONFIG }, ordered, NAME);
}

/** Writes the manifest and what leads to it. The same blobs give the same bytes. */
export async function finishLayout(
  layout: string,
  config: Descriptor,
  layers: Descriptor[],
  name: string,
): Promise<void> {
  const mediaType = `${TYPE}.manifest.v1+json`;
  const descriptor = await putBlob(layout, mediaType, {
    schemaVersion: 2,
    mediaType,
    config,
    layers,
  });
  const annotations = { 'org.opencontainers.image.ref.name': name };
  const index = { schemaVersion: 2, manifests: [{ ...descriptor, annotations }] };
  await writeFile(join(layout, 'index.json'), JSON.stringify(index));
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

export async function putBlob(
  layout: string,
  mediaType: string,
  content: object | string,
): Promise<Descriptor> {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const size = Buffer.byteLength(text);
  const descriptor = { mediaType, digest: `sha256:${digest(text)}`, size };
  await writeFile(blobIn(layout, descriptor), text);
  return descriptor;
}

export const blobIn = (layout: string, blob: Pick<Descriptor, 'digest'>) =>
  join(layout, 'blobs/sha256', hexOf(blob));

async function layerOf(
  layer: Descriptor,
  content: string,
  blobs: string,
  layout: string,
  purpose: string,
): Promise<Descriptor> {
  const path = join(blobs, hexOf(layer));
  const compression = await compressionOf(path);
  if (compression === undefined || compression === 'gzip') {
    const mediaType = compression ? `${LAYER}+gzip` : LAYER;
    await rename(path, blobIn(layout, layer));
    return { ...layer, mediaType };
  }
  const plain = { mediaType: LAYER, digest: content };
  await decompress(path, blobIn(layout, plain), purpose);
  return { ...plain, size: (await stat(blobIn(layout, plain))).size };
}

const hexOf = ({ digest }: Pick<Descriptor, 'digest'>) => digest.slice('sha256:'.length);
