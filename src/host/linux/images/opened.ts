import type { PackedFrom } from '../../../model/config.js';
import { UserError } from '../../../model/errors.js';
import type { Blobs } from './blobs.js';
import type { ForeignConfig } from './config.js';
import { shownName, shownNames } from './foreign-json.js';

/** An image of which manifest and config were read; its layers were not. */
export interface OpenedImage {
  /** Digest of its config, which names the image. */
  image: string;
  /** With the digests of the layers' content. */
  foreign: ForeignConfig;
  /** The lowest first. */
  layers: PackedLayer[];
}

export interface PackedLayer {
  open(): AsyncIterable<Buffer>;
  /** As it is stored. */
  bytes: number;
  /** Whether it is compressed, by what is said of it. */
  compressed: boolean;
  /** What the manifest says of it as it is stored; Docker's archives say nothing. */
  stored?: { digest: string; size: number };
  /** Digest of what it unpacks to. */
  content: string;
}

/** For messages: `the image in /srv/nginx.tar`, `nginx:1.27`. */
export function describe(from: PackedFrom): string {
  if ('registry' in from) return from.registry;
  return `the image in ${('docker' in from ? from.docker : from.oci).path}`;
}

/** Joins what the manifest says of each layer and what the config says. @throws UserError */
export function pairUp<Layer>(
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

/** @throws UserError when it is not there */
export function storedBytes(blobs: Blobs, name: string, what: string): number {
  const bytes = blobs.size(name);
  if (bytes === undefined) throw new UserError(`cannot use ${what}: it has no ${shownName(name)}`);
  return bytes;
}

/**
 * The only one, or the one that is asked for.
 *
 * @param namesOf all by which one may be asked for, the most usual first
 * @throws UserError when there is none or there are several, with their names
 */
export function pick<Each>(
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
