import type { PackedFrom } from '../../../model/config.js';
import { UserError } from '../../../model/errors.js';
import type { Blobs } from './blobs.js';
import type { ForeignConfig } from './config.js';
import { shownName, shownNames } from './foreign-json.js';

/** An image whose manifest and configuration were read, but not its layers. */
export interface OpenedImage {
  /** Digest of its configuration, which identifies the image. */
  image: string;
  /** Includes the digests of the layers' content. */
  foreign: ForeignConfig;
  /** Lowest first. */
  layers: PackedLayer[];
}

export interface PackedLayer {
  open(): AsyncIterable<Buffer>;
  /** Name in its stored form. */
  bytes: number;
  /** Whether it is compressed, according to its media type. */
  compressed: boolean;
  /** Digest and size of the stored form from the manifest; absent in Docker's archives. */
  stored?: { digest: string; size: number };
  /** Digest of the unpacked content. */
  content: string;
}

/** For messages: `the image in /srv/nginx.tar`, `nginx:1.27`. */
export function describe(from: PackedFrom): string {
  if ('registry' in from) return from.registry;
  return `the image in ${('docker' in from ? from.docker : from.oci).path}`;
}

/** Combines the layers in the manifest with those in the configuration. @throws UserError */
export function pairLayers<Layer>(
  layers: readonly Layer[],
  { layers: contents }: ForeignConfig,
  what: string,
): [Layer, content: string][] {
  if (layers.length !== contents.length) {
    const counts = `${layers.length} layers, but ${contents.length} in its config`;
    throw new UserError(`cannot use ${what}: it has ${counts}`);
  }
  return layers.map((layer, index) => [layer, contents[index] as string]);
}

/** @throws UserError if it does not exist */
export function storedBytes(blobs: Blobs, name: string, what: string): number {
  const bytes = blobs.size(name);
  if (bytes === undefined) throw new UserError(`cannot use ${what}: it has no ${shownName(name)}`);
  return bytes;
}

/**
 * The only image, or the requested one.
 *
 * @param namesOf all names by which an image may be requested, the most common first
 * @throws UserError if there is none or there are several, with their names
 */
export function pickImage<Each>(
  all: readonly Each[],
  namesOf: (each: Each) => readonly string[],
  reference: string | undefined,
  what: string,
): Each {
  const found =
    reference === undefined ? all : all.filter((each) => namesOf(each).includes(reference));
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  const names = all.map((each) => namesOf(each)[0] ?? 'one without a name');
  const which = reference === undefined ? '' : ` of the name ${shownName(reference)}`;
  throw new UserError(
    `cannot use ${what}: there is ${first === undefined ? 'no image' : 'more than one image'}${which} in it`,
    names.length === 0
      ? undefined
      : `There is ${shownNames(names)}; say which one by \`reference\`.`,
  );
}
