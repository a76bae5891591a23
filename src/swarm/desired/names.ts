import { digest } from '../../model/json.js';

/** Names of objects in the cluster: as `docker stack deploy` forms them. */
export const objectName = (stack: string, name: string) => `${stack}_${name}`;

/** Whether a reference is that of an image which is loaded into nodes: no registry has it. */
export const isLoaded = (reference: string) => reference.startsWith(`${LOADED}/`);

const LOADED = 'baleine';

/** The repository of a reference that has a tag. */
export const repositoryIn = (reference: string) => reference.slice(0, reference.lastIndexOf(':'));

/** The services of a farm: its servers, and its proxy on each node. */
export const serversOf = (farm: string) => `${farm}-server`;
export const proxyOf = (farm: string) => `${farm}-proxy`;

/** The name of a resource whose content never changes: other content is another resource. */
export const versioned = (name: string, version: string) =>
  `${name.replaceAll('.', '-').toLowerCase().slice(0, 50)}-${digest(version, 10)}`;

/**
 * The repository of an image: nodes and registries know it by that, and a tag of its content.
 *
 * @param name may end with a tag
 */
export function repositoryOf(stack: string, name: string, registry: string | undefined): string {
  const base = registry?.replace(/\/+$/, '') ?? LOADED;
  return `${base}/${stack}-${name.replaceAll(':', '-').toLowerCase()}`;
}
