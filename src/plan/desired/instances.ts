import type { Farm } from '../../farm/expand.js';
import type { Config, FarmEntry } from '../../model/config.js';
import type { Instance } from '../../model/instance.js';
import type { ConfigSpec, Scaled } from '../../model/specs.js';
import type { Context } from './context.js';

/** Every container of the stack in the order of the file, farms last. */
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

/**
 * The scale of a farm set by `baleine scale`, now or earlier. It ends when the file changes its own
 * number of replicas.
 */
export function scaleOf(
  name: string,
  { servers }: FarmEntry,
  context: Context,
): Scaled | undefined {
  const { config, rows, scale } = context;
  const file = servers.replicas ?? 1;
  const requested = scale?.[name];
  if (requested !== undefined) return requested === file ? undefined : { file, servers: requested };
  const row = rows.find(
    ({ kind, stack, spec }) =>
      kind === 'config' && stack === config.name && (spec as ConfigSpec).farm?.name === name,
  );
  const scaled = (row?.spec as ConfigSpec | undefined)?.farm?.scaled;
  return scaled?.file === file ? scaled : undefined;
}

/** The entry with the scaled number of replicas. */
export function withScale(entry: FarmEntry, scaled: Scaled | undefined): FarmEntry {
  return scaled ? { ...entry, servers: { ...entry.servers, replicas: scaled.servers } } : entry;
}
