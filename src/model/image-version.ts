import { digest } from './json.js';
import type { ImageSpec } from './specs.js';

/**
 * Names what is in an image file. Containers start on a new copy when it changes, and not when
 * only what they inherit (`config`) did.
 */
export function imageVersion(spec: ImageSpec): string {
  const { id: _id, config: _config, previous: _previous, origin, ...content } = spec;
  return digest({ ...content, layers: origin?.layers }, 12);
}
