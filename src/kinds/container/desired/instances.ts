import type { Config, ContainerEntry } from '../../../model/config.js';
import type { Instance } from '../../../model/instance.js';
import { activatedPorts } from '../../../model/publish.js';

/** The containers that a farm consists of. */
interface ExpandedFarm {
  servers: Instance[];
  proxy: Instance;
}

/** Every container of the stack in the order of the file, farms last. */
export function instancesOf({ containers }: Config, farms: ExpandedFarm[]): Instance[] {
  const plain = Object.entries(containers).flatMap(([service, entry]) => {
    const path = ['containers', service];
    if (entry.replicas === undefined) {
      return [{ name: service, service, entry, path, ...socketsOf(entry) }];
    }
    return Array.from({ length: entry.replicas }, (_, index) => ({
      name: `${service}-${index + 1}`,
      service,
      entry: ofReplica(entry, index + 1),
      path,
      ...socketsOf(entry),
    }));
  });
  return [...plain, ...farms.flatMap(({ servers, proxy }) => [...servers, proxy])];
}

function socketsOf(entry: ContainerEntry): Pick<Instance, 'sockets'> {
  const sockets = activatedPorts(entry);
  return sockets.length > 0 ? { sockets } : {};
}

/** Without the ports that other replicas publish. */
function ofReplica(entry: ContainerEntry, number: number): ContainerEntry {
  if (!entry.publish?.some(({ replica }) => replica !== undefined)) return entry;
  const publish = entry.publish.filter(({ replica = number }) => replica === number);
  return { ...entry, publish };
}

/** The instances of one service. Indexed, because every dependency looks one up. */
export function instancesNamed(service: string, instances: readonly Instance[]): Instance[] {
  return byService(instances).get(service) ?? [];
}

function byService(instances: readonly Instance[]): Map<string, Instance[]> {
  const cached = services.get(instances);
  if (cached) return cached;
  const index = new Map<string, Instance[]>();
  for (const each of instances) {
    const others = index.get(each.service);
    if (others) others.push(each);
    else index.set(each.service, [each]);
  }
  services.set(instances, index);
  return index;
}

const services = new WeakMap<readonly Instance[], Map<string, Instance[]>>();
