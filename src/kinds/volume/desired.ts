import { addressOf } from '../../model/address.js';
import type { Resource, VolumeSeed } from '../../model/resource.js';
import type { VolumeSpec } from '../../model/specs.js';
import type { Context } from '../desired-context.js';
import { volumePath } from '../recorded.js';

/**
 * Each stack has its own volumes; `external` shares one. An own one keeps the folder that it was created or found with, even if it
 * has been renamed.
 *
 * @param seeds what the containers mount, in the order of the file: a new volume gets its content
 *   from the image of the first
 */
export function desiredVolumes(
  context: Context,
  seeds: readonly VolumeSeed[],
): Resource<VolumeSpec>[] {
  const first = new Map([...seeds].reverse().map((seed) => [seed.path, seed]));
  return Object.entries(context.config.volumes).flatMap(([name, entry]) => {
    // an external one must exist, also if nothing mounts it
    const path = volumePath(name, context);
    if (entry.external) return [];
    const { protect, external: _external, ...recorded } = entry;
    const seed = first.get(path);
    const image = seed && context.config.images[seed.image.name];
    return {
      address: addressOf('volume', name),
      kind: 'volume',
      name,
      spec: { path, ...recorded },
      needs: [],
      entry: ['volumes', name],
      protect,
      ...(seed && { seeds: [seed] }),
      ...(seed &&
        image &&
        !image.external && { createdFrom: [addressOf('image', seed.image.name)] }),
    };
  });
}
