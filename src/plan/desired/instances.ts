import type { Farm } from '../../farm/expand.js';
import type { Config, FarmEntry } from '../../model/config.js';
import type { Instance } from '../../model/instance.js';
import type { ConfigSpec, Scaled } from '../../model/specs.js';
import type { Context } from './context.js';

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

/**
 * What `baleine scale` asks of a farm, now or earlier. It holds until the file asks for another
 * number than it did then: whoever spoke last is heard.
 */
export function scaleOf(
  name: string,
  { servers }: FarmEntry,
  context: Context,
): Scaled | undefined {
  const { config, rows, scale } = context;
  const file = servers.replicas ?? 1;
  const asked = scale?.[name];
  if (asked !== undefined) return asked === file ? undefined : { file, servers: asked };
  const row = rows.find(
    ({ kind, stack, spec }) =>
      kind === 'config' && stack === config.name && (spec as ConfigSpec).farm?.name === name,
  );
  const scaled = (row?.spec as ConfigSpec | undefined)?.farm?.scaled;
  return scaled?.file === file ? scaled : undefined;
}

/** The entry as if the file said so. */
export function withScale(entry: FarmEntry, scaled: Scaled | undefined): FarmEntry {
  return scaled ? { ...entry, servers: { ...entry.servers, replicas: scaled.servers } } : entry;
}
