import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OriginalConfig } from '../../../model/config.js';
import { UserError } from '../../../model/errors.js';
import { digest, digest as digestOf } from '../../../model/json.js';
import { type Blobs, textOf } from './blobs.js';
import { annotated, readConfig } from './config.js';
import { shownName, shownNames } from './foreign-json.js';
import { type Descriptor, type IndexEntry, readIndex, readManifest } from './manifest.js';
import { manifestForHost } from './manifest-for-host.js';
import { type OpenedImage, pairLayers, storedBytes } from './opened.js';

/** Where blobs are: the OCI image specification, image-layout.md, "Blobs". */
const blobName = ({ digest }: { digest: string }) => `blobs/${digest.replace(':', '/')}`;

/** The tag, and containerd's annotation for the full name. */
const REF_NAME = 'org.opencontainers.image.ref.name';
const FULL_NAME = 'io.containerd.image.name';

/**
 * Reads an OCI image layout: index.json refers to a manifest, which refers to configuration and
 * layers. Of several images with the same name, or without one, uses the one for this host.
 */
export async function openLayout(
  blobs: Blobs,
  reference: string | undefined,
  what: string,
): Promise<OpenedImage> {
  const all = readIndex(await textOf(blobs, 'index.json', what), what);
  if (!all) throw new UserError(`cannot use ${what}: its index.json is not an index`);
  const entries = all.filter((each) => !reference || namesOf(each).includes(reference));
  if (entries.length === 0) throw noSuch(all, reference, what);
  const read = (blob: Descriptor) => blobText(blobs, blob, blobName, what);
  const { text } = await manifestForHost(entries, read, what, {
    nameOf: (each) => namesOf(each)[0],
  });
  return openManifest(text, blobs, blobName, what);
}

/** Opens an image by its manifest. */
export async function openManifest(
  text: string,
  blobs: Blobs,
  nameOf: (blob: { digest: string }) => string,
  what: string,
): Promise<OpenedImage> {
  const manifest = readManifest(text, what);
  const config = await blobText(blobs, manifest.config, nameOf, what);
  const foreign = annotated(readConfig(config, what), manifest);
  const layers = pairLayers(manifest.layers, foreign, what).map(([stored, content]) => ({
    open: () => blobs.open(nameOf(stored)),
    bytes: storedBytes(blobs, nameOf(stored), what),
    compressed: /[+.](gzip|zstd)$/.test(stored.mediaType),
    stored,
    content,
  }));
  return { image: manifest.config.digest, foreign, layers };
}

/** The digest comes last: it identifies images without a name. */
function namesOf({ annotations, digest }: IndexEntry): string[] {
  const names = [annotations?.[REF_NAME], annotations?.[FULL_NAME]];
  const named = names.filter((name): name is string => typeof name === 'string' && name !== '');
  return [...named, digest];
}

function noSuch(all: IndexEntry[], reference: string | undefined, what: string): UserError {
  const which = reference === undefined ? '' : ` of the name ${shownName(reference)}`;
  return new UserError(
    `cannot use ${what}: there is no image${which} in it`,
    all.length === 0
      ? undefined
      : `There is ${shownNames(all.map((each) => namesOf(each)[0] ?? ''))}.`,
  );
}

async function blobText(
  blobs: Blobs,
  { digest, size }: Descriptor,
  nameOf: (blob: { digest: string }) => string,
  what: string,
): Promise<string> {
  const name = nameOf({ digest });
  const text = await textOf(blobs, name, what);
  if (`sha256:${digestOf(text)}` === digest && Buffer.byteLength(text) === size) return text;
  throw new UserError(
    `cannot use ${what}: digest or size of ${name} does not match its descriptor`,
  );
}

const TYPE = 'application/vnd.oci.image';
export const LAYER = `${TYPE}.layer.v1.tar`;
export const CONFIG = `${TYPE}.config.v1+json`;
const MANIFEST = `${TYPE}.manifest.v1+json`;

/**
 * Writes the manifest of the only image of an OCI image layout, and the files that refer to it; its
 * blobs already exist. Equal blobs give equal bytes. See the OCI image specification,
 * image-layout.md.
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
