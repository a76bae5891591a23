import type { ContainerEntry, MountEntry } from '../../../model/config.js';
import { configDir } from '../../../model/install-paths.js';
import type { Resource } from '../../../model/resource.js';
import type { ContainerSpec, MountSpec } from '../../../model/specs.js';
import type { Context } from '../../desired-context.js';
import { volumePath } from '../../recorded.js';

export function mountSpec(mount: MountEntry, context: Context): MountSpec {
  const { config, paths } = context;
  const { type, source, target, read_only, create, subpath } = mount;
  const resolve = {
    bind: () => source,
    volume: () => volumePath(source, context),
    config: () => configDir(paths, config.name, source),
  };
  return {
    ...{ source: resolve[type](), target, read_only },
    ...(create && { create }),
    ...(subpath !== undefined && { subpath }),
  };
}

/** A folder in memory among the volumes of the file is not among the mounts. */
export function placesOf({ volumes }: ContainerEntry): Pick<Resource, 'places'> {
  if (volumes.every(({ at }) => at === undefined)) return {};
  return { places: { volumes: volumes.map(({ at }, index) => at ?? index) } };
}

/**
 * What the image has at the mount points of volumes; used only for a volume without content. Of a
 * volume's folder alone, the rest of its content would be missing. An external one is its owner's.
 */
export function seedsOf(
  { volumes }: ContainerEntry,
  { image }: ContainerSpec,
  context: Context,
): Pick<Resource, 'seeds'> {
  const { name, file } = image;
  const seeds = volumes
    .filter(({ type, nocopy, subpath }) => type === 'volume' && !nocopy && subpath === undefined)
    .filter(({ source }) => !context.config.volumes[source]?.external)
    .map(({ source, target }) => ({
      path: volumePath(source, context),
      image: { name, file },
      from: target,
    }));
  return seeds.length > 0 ? { seeds } : {};
}
