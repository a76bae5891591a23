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
