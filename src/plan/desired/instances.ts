import type { Farm } from '../../farm/expand.js';
import type { Config } from '../../model/config.js';
import type { Instance } from '../../model/instance.js';

/** Every container of the stack, in the order of the file, farms last. */
export function instancesOf({ containers }: Config, farms: Farm[]): Instance[] {
  const plain = Object.entries(containers).flatMap(([service, entry]) => {
    const path = ['containers', service];
    if (entry.replicas === undefined) return [{ name: service, service, entry, path }];
    return Array.from({ length: entry.replicas }, (_, index) => ({
      name: `${service}-${index + 1}`,
      service,
      entry,
      path,
    }));
  });
  return [...plain, ...farms.flatMap(({ servers, proxy }) => [...servers, proxy])];
}

/** Those of one service. Every dependency asks: a look at each would grow with the square of them. */
export function instancesNamed(service: string, instances: readonly Instance[]): Instance[] {
  return byService(instances).get(service) ?? [];
}

function byService(instances: readonly Instance[]): Map<string, Instance[]> {
  const known = services.get(instances);
  if (known) return known;
  const made = new Map<string, Instance[]>();
  for (const each of instances) {
    const others = made.get(each.service);
    if (others) others.push(each);
    else made.set(each.service, [each]);
  }
  services.set(instances, made);
  return made;
}

const services = new WeakMap<readonly Instance[], Map<string, Instance[]>>();
