import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OriginalConfig } from '../../../model/config.js';
import { digest } from '../../../model/json.js';
import type { Descriptor } from './manifest.js';

const TYPE = 'application/vnd.oci.image';
export const LAYER = `${TYPE}.layer.v1.tar`;
export const CONFIG = `${TYPE}.config.v1+json`;
const MANIFEST = `${TYPE}.manifest.v1+json`;

/**
 * Writes the manifest of the only image of an OCI image layout, and what leads to it; its blobs
 * are there. The same blobs give the same bytes. See the OCI image specification, image-layout.md.
 */
export async function finishLayout(
  layout: string,
  config: Descriptor,
  layers: Descriptor[],
  name: string,
  more: Pick<OriginalConfig, 'annotations'> = {},
): Promise<void> {
  const manifest = { schemaVersion: 2, mediaType: MANIFEST, config, layers, ...more };
  const descriptor = await putBlob(layout, MANIFEST, JSON.stringify(manifest));
  const annotations = { 'org.opencontainers.image.ref.name': name };
  const index = { schemaVersion: 2, manifests: [{ ...descriptor, annotations }] };
  await writeFile(join(layout, 'index.json'), JSON.stringify(index));
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

export async function putBlob(
  layout: string,
  mediaType: string,
  text: string,
): Promise<Descriptor> {
  const size = Buffer.byteLength(text);
  const descriptor = { mediaType, digest: `sha256:${digest(text)}`, size };
  await writeFile(blobIn(layout, descriptor), text);
  return descriptor;
}

export const blobIn = (layout: string, blob: Pick<Descriptor, 'digest'>) =>
  join(layout, 'blobs/sha256', hexOf(blob));

export const hexOf = ({ digest }: Pick<Descriptor, 'digest'>) => digest.slice('sha256:'.length);
