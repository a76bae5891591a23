import { healthTarget } from '../../model/health-target.js';
import type { Instance } from '../../model/instance.js';
import { idOf } from '../../model/site.js';
import type { DependencySpec } from '../../model/specs.js';
import type { Context } from './context.js';
import { instancesNamed } from './instances.js';
import type { Leases } from './leases.js';

/** What a container waits for beyond the order of starts. */
export function dependenciesOf(
  { entry }: Instance,
  instances: Instance[],
  leases: Leases,
  { config }: Context,
): DependencySpec[] | undefined {
  const all = Object.entries(entry.depends_on).flatMap(([service, { condition }]) => {
    if (condition === 'service_started') return [];
    return instancesNamed(service, instances).map((other): DependencySpec => {
      const id = idOf(config.name, other.name);
      const target = condition === 'service_healthy' ? targetOf(id, other, leases) : undefined;
      return { name: other.name, id, condition, ...(target && { target }) };
    });
  });
  return all.length > 0 ? all : undefined;
}

function targetOf(id: string, { name, entry }: Instance, leases: Leases) {
  const links = Object.keys(entry.bridges).flatMap((bridge) => {
    const address = leases(name, bridge);
    return address === undefined ? [] : [{ address }];
  });
  return entry.healthcheck && healthTarget({ id, links, healthcheck: entry.healthcheck });
}
