import type { ImageSource, OriginalConfig } from './config.js';
import { digest } from './json.js';
import type { ImageSpec } from './specs.js';

/**
 * Names what is in an image file. Containers start on a new copy when it changes, and not when
 * only what they inherit (`config`) did.
 */
export function imageVersion(spec: ImageSpec): string {
  const { id: _id, config: _config, original: _original, previous: _previous, ...rest } = spec;
  const { origin, ...content } = rest;
  return digest({ ...content, layers: origin?.layers }, 12);
}

/** The config that another tool gave it, or what it is derived from. */
export function originalOf({ origin, original }: ImageSpec): OriginalConfig | undefined {
  return origin?.original ?? original;
}

/** Paths of the host's files and folders that go into it as they are. */
export function localFiles({ from, copy }: Pick<ImageSource, 'from' | 'copy'>): string[] {
  const copied = copy.map((each) => each.from);
  if ('tar' in from) return [from.tar, ...copied];
  return 'directory' in from ? [from.directory, ...copied] : copied;
}

const MiB = 1024 ** 2;

/** Room for the file system's own tables, and the least there is. */
const BASE = 64 * MiB;

/**
 * Bytes of an image file that has to hold so much data, when the user does not say: half as much
 * again, and 64 MiB, in steps of 64 MiB. It is sparse, so what is too much costs nothing.
 */
export function sizeFor(data: number): number {
  return Math.ceil((data * 1.5 + BASE) / BASE) * BASE;
}

/**
 * The host of a registry's image, with its port: `registry.example:5000/team/app:1`. A first part
 * without a dot or colon is of a name on Docker's own registry, as distribution's reference package has it.
 */
export function registryOf(reference: string): string {
  const [first = '', ...rest] = reference.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io';
}
