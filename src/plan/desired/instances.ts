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
