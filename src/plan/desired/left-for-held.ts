import { addressOf } from '../../model/address.js';
import { asRecorded, type Resource, type Row } from '../../model/resource.js';
import type { ContainerSpec, ImageSpec, VolumeSpec } from '../../model/specs.js';
import type { Context } from './context.js';
import { isIn } from './releases.js';

type Container = Resource<ContainerSpec>;

/**
 * What containers that are held back are made of though the file names it no more: it stays as it is
 * on record until they go on, and they need it.
 *
 * @param wanted addresses of what the file names
 */
export function leftForHeld(
  containers: Container[],
  wanted: ReadonlySet<string>,
  context: Context,
): { left: Resource[]; containers: Container[] } {
  if (!containers.some(({ spec }) => spec.held)) return { left: [], containers };
  const dropped = context.rows.filter(
    ({ stack, kind, name }) => stack === context.config.name && !wanted.has(addressOf(kind, name)),
  );
  const left = new Map<string, Resource>();
  const needing = containers.map((each) => {
    const used = dropped.filter((row) => isUsed(row, each.spec, context)).map(asRecorded);
    for (const resource of used) left.set(resource.address, resource);
    return { ...each, needs: [...each.needs, ...used.map(({ address }) => address)] };
  });
  return { left: [...left.values()], containers: needing };
}

function isUsed({ kind, spec }: Row, { held }: ContainerSpec, { site }: Context): boolean {
  if (!held) return false;
  if (kind === 'image') return isIn(spec as ImageSpec, held.to, site);
  const { path } = spec as VolumeSpec;
  return kind === 'volume' && held.to.mounts.some(({ source }) => source === path);
}
