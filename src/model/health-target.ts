import type { HealthTarget } from './health.js';
import type { ContainerSpec, LinkSpec } from './specs.js';

/** Who is asked for a container's health, and where; undefined for one without a health check. */
export function healthTarget({
  id,
  healthcheck: check,
  links,
}: Pick<ContainerSpec, 'id' | 'healthcheck'> & { links: Pick<LinkSpec, 'address'>[] }):
  | HealthTarget
  | undefined {
  if (!check) return undefined;
  const address = links.find((link) => link.address !== undefined)?.address?.split('/')[0];
  return { id, check, address: address ?? '127.0.0.1' };
}
