import type { ImageSource, OriginalConfig } from './config.js';
import { digest } from './json.js';
import type { ImageSpec } from './specs.js';

/**
 * Identifies the content of an image file. Containers get a new copy when it changes, but not when
 * only inherited settings (`config`) do.
 */
export function imageVersion(spec: ImageSpec): string {
  const { id: _id, config: _config, original: _original, previous: _previous, ...rest } = spec;
  const { origin, ...content } = rest;
  return digest({ ...content, layers: origin?.layers }, 12);
}

/** The image config as written by another tool, of the image itself or of its base. */
export function originalOf({ origin, original }: ImageSpec): OriginalConfig | undefined {
  return origin?.original ?? original;
}

/** Paths of host files and folders that are copied into the image unchanged. */
export function localFiles({ from, copy }: Pick<ImageSource, 'from' | 'copy'>): string[] {
  const copied = copy.map((each) => each.from);
  if ('tar' in from) return [from.tar, ...copied];
  return 'directory' in from ? [from.directory, ...copied] : copied;
}

const MiB = 1024 ** 2;

/** Space for file system metadata; also the minimum size. */
const BASE = 64 * MiB;

/**
 * The default size, in bytes, of an image file for this much data: 1.5 times the data plus 64 MiB,
 * rounded up to 64 MiB. The file is sparse, so unused space costs nothing.
 */
export function sizeFor(data: number): number {
  return Math.ceil((data * 1.5 + BASE) / BASE) * BASE;
}

/**
 * The registry host of an image reference, with its port: `registry.example:5000/team/app:1`. If
 * the first component has no dot or colon, the image is on Docker Hub (distribution's reference
 * package).
 */
export function registryOf(reference: string): string {
  const [first = '', ...rest] = reference.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io';
}
