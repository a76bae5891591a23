import { suggest } from '../config/suggest.js';
import { type Config, type ContainerEntry, entriesOf } from '../model/config.js';
import { UserError } from '../model/errors.js';
import { isMember } from '../model/instance.js';
import { neededServices } from '../model/namespaces.js';

/** The names of a file's services: its containers and farms. */
export const serviceNames = ({ containers, farms }: Pick<Config, 'containers' | 'farms'>) => [
  ...Object.keys(containers),
  ...Object.keys(farms),
];

/**
 * Refuses names of what the file does not have.
 *
 * @param purpose for the message: `start`
 */
export function requireServices(config: Config, names: readonly string[], purpose: string): void {
  const known = serviceNames(config);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const hints = unknown.flatMap((name) => suggest(name, known) ?? []);
  const all = known.length > 0 ? `It has: ${known.join(', ')}` : 'It has none.';
  throw new UserError(
    unknown.map((name) => {
      const shown = JSON.stringify(name);
      return `cannot ${purpose} ${shown}: stack ${config.name} has no service of that name`;
    }),
    [...hints, all],
  );
}

/** These services and all that they depend on, by their names; all services for none. */
export function withDependencies(config: Config, names: readonly string[]): string[] {
  if (names.length === 0) return serviceNames(config);
  const found = new Set<string>();
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    for (const entry of entriesOfService(config, name)) {
      waiting.push(...neededServices(entry).map((each) => ownerOf(config, each)));
    }
  }
  return [...found].filter((name) => serviceNames(config).includes(name));
}

/** The entries of a service: one, or the two of a farm. */
export function entriesOfService(config: Config, name: string): ContainerEntry[] {
  const { containers, farms } = config;
  return entriesOf({
    containers: pick(containers, name),
    farms: pick(farms, name),
  }).map(({ entry }) => entry);
}

function pick<T>(record: Record<string, T>, name: string): Record<string, T> {
  const found = Object.hasOwn(record, name) ? record[name] : undefined;
  return found === undefined ? {} : { [name]: found };
}

/** Others depend on a part of a farm, `shop-proxy`: its farm. */
function ownerOf({ farms }: Config, name: string): string {
  const [, farm] = /^(.*)-(server|proxy)$/.exec(name) ?? [];
  return farm !== undefined && Object.hasOwn(farms, farm) ? farm : name;
}

/** The images of services, with those that they are built on. */
export function imagesOf(config: Config, services: readonly string[]): Set<string> {
  const found = new Set<string>();
  const add = (name: string) => {
    if (found.has(name)) return;
    found.add(name);
    const image = config.images[name];
    if (image && !image.external && 'image' in image.from) add(image.from.image);
  };
  for (const name of services) {
    for (const { image } of entriesOfService(config, name)) add(image);
  }
  return found;
}

/** Whether a container is one of these services': by its own name, of a replica, or of a farm's part. */
export const isOfService = (container: string, services: readonly string[]): boolean =>
  services.some((service) => container === service || isMember(container, service));
