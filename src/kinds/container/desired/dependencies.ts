import { addressOf } from '../../../model/address.js';
import type { LinkSpec } from '../../../model/container-values.js';
import { healthTarget } from '../../../model/health.js';
import { idOf } from '../../../model/install-paths.js';
import type { Instance } from '../../../model/instance.js';
import { exact } from '../../../model/json.js';
import { type Resource, type Row, resourceFromRow } from '../../../model/resource.js';
import type { ContainerSpec, DependencySpec, ImageSpec, VolumeSpec } from '../../../model/specs.js';
import type { Context, Leases } from '../../desired-context.js';
import { instancesNamed } from './instances.js';
import { sharedNamespaces } from './namespaces.js';
import { isVersionOf } from './releases.js';

/** What a container waits for, in addition to the start order. */
export function dependenciesOf(
  { entry }: Instance,
  instances: Instance[],
  leases: Leases,
  context: Context,
): DependencySpec[] | undefined {
  const all = Object.entries(entry.depends_on).flatMap(([service, dependency]) => {
    const { condition, required, restart } = dependency;
    if (condition === 'service_started' && required !== false && !restart) return [];
    return instancesNamed(service, instances).map((other): DependencySpec => {
      const id = idOf(context.config.name, other.name);
      const { network } = sharedNamespaces(other, instances, context);
      const target =
        condition === 'service_healthy' ? targetOf(id, other, leases, network) : undefined;
      return exact<DependencySpec>({ name: other.name, id, condition, target, required, restart });
    });
  });
  return all.length > 0 ? all : undefined;
}

function targetOf(
  id: string,
  { name, entry }: Instance,
  leases: Leases,
  network: ContainerSpec['network'],
) {
  const links = Object.keys(entry.bridges).flatMap((bridge) => {
    const address = leases(name, bridge);
    const address6 = leases(name, bridge, 6);
    return address === undefined && address6 === undefined
      ? []
      : [exact<Place>({ address, address6 })];
  });
  const { healthcheck, publish } = entry;
  return healthcheck && healthTarget({ id, links, healthcheck, network, publish });
}

type Place = Pick<LinkSpec, 'address' | 'address6'>;

type Container = Resource<ContainerSpec>;

/**
 * Resources that pinned containers still use although the file no longer declares them. They are
 * kept as recorded until the pin ends.
 *
 * @param declared addresses of what the file declares
 */
export function pinnedDependencies(
  containers: Container[],
  declared: ReadonlySet<string>,
  context: Context,
): { kept: Resource[]; containers: Container[] } {
  if (!containers.some(({ spec }) => spec.held)) return { kept: [], containers };
  const dropped = context.rows.filter(
    ({ stack, kind, name }) =>
      stack === context.config.name && !declared.has(addressOf(kind, name)),
  );
  const kept = new Map<string, Resource>();
  const needing = containers.map((each) => {
    const used = dropped.filter((row) => isUsed(row, each.spec, context)).map(resourceFromRow);
    for (const resource of used) kept.set(resource.address, resource);
    return { ...each, needs: [...each.needs, ...used.map(({ address }) => address)] };
  });
  return { kept: [...kept.values()], containers: needing };
}

function isUsed({ kind, spec }: Row, { held }: ContainerSpec, { paths }: Context): boolean {
  if (!held) return false;
  if (kind === 'image') return isVersionOf(spec as ImageSpec, held.to, paths);
  const { path } = spec as VolumeSpec;
  return kind === 'volume' && held.to.mounts.some(({ source }) => source === path);
}
