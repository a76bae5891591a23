import { UserError } from '../../../model/errors.js';
import { digest as digestOf } from '../../../model/json.js';
import { type Blobs, textOf } from './blobs.js';
import { readConfig } from './config.js';
import { type Descriptor, isDescriptor, pickInstance, readManifest } from './manifest.js';
import { type OpenedImage, pairUp, pick, storedBytes } from './opened.js';

/** Where blobs are: the OCI image specification, image-layout.md, "Blobs". */
const blobName = ({ digest }: { digest: string }) => `blobs/${digest.replace(':', '/')}`;

const REF_NAME = 'org.opencontainers.image.ref.name';

/** Reads an OCI image layout: index.json leads to a manifest, which leads to config and layers. */
export async function openLayout(
  blobs: Blobs,
  reference: string | undefined,
  what: string,
): Promise<OpenedImage> {
  const all = indexIn(await textOf(blobs, 'index.json', what), what);
  const entry = pick(all, namesOf, reference, what);
  const text = await blobText(blobs, entry, blobName, what);
  const digest = pickInstance(text, what);
  if (digest === undefined) return openManifest(text, blobs, blobName, what);
  const instance = indexIn(text, what).find((each) => each.digest === digest) as Descriptor;
  const manifest = await blobText(blobs, instance, blobName, what);
  return openManifest(manifest, blobs, blobName, what);
}

/** Of an image whose manifest is at hand. */
export async function openManifest(
  text: string,
  blobs: Blobs,
  nameOf: (blob: { digest: string }) => string,
  what: string,
): Promise<OpenedImage> {
  const manifest = readManifest(text, what);
  const foreign = readConfig(await blobText(blobs, manifest.config, nameOf, what), what);
  const layers = pairUp(manifest.layers, foreign, what).map(([stored, content]) => ({
    open: () => blobs.open(nameOf(stored)),
    bytes: storedBytes(blobs, nameOf(stored), what),
    compressed: /[+.](gzip|zstd)$/.test(stored.mediaType),
    stored,
    content,
  }));
  return { image: manifest.config.digest, foreign, layers };
}

type Entry = Descriptor & { annotations?: Record<string, string> };

function namesOf({ annotations }: Entry): string[] {
  const name = annotations?.[REF_NAME];
  return typeof name === 'string' ? [name] : [];
}

function indexIn(text: string, what: string): Entry[] {
  try {
    const { manifests } = JSON.parse(text) as { manifests?: unknown };
    if (Array.isArray(manifests) && manifests.every(isDescriptor)) return manifests;
  } catch {
    // No JSON: the same complaint.
  }
  throw new UserError(`cannot use ${what}: its index.json is none`);
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
  throw new UserError(`cannot use ${what}: digest or size of ${name} is another one than is said`);
}
