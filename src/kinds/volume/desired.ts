import type { Resource } from '../../model/resource.js';
import type { VolumeSpec } from '../../model/specs.js';
import type { Context } from '../desired-context.js';
import { volumePath } from '../recorded.js';

/**
 * Each stack has its own volumes. One keeps the folder that it was created or found with, even if it
 * has been renamed.
 */
export function desiredVolumes(context: Context): Resource<VolumeSpec>[] {
  return Object.entries(context.config.volumes).map(([name, { protect }]) => ({
    address: `volume.${name}`,
    kind: 'volume',
    name,
    spec: { path: volumePath(name, context) },
    needs: [],
    protect,
  }));
}
