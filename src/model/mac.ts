import type { LinkSpec } from './container-values.js';
import { digest } from './json.js';

/**
 * A MAC address that is stable across starts. Locally administered and unicast: the low bits of its
 * first byte are `10` (IEEE 802-2014, 8.4).
 */
export function derivedMac(link: string): string {
  const bytes = digest(['mac', link], 10).match(/../g) ?? [];
  return ['02', ...bytes].join(':');
}

/** A container's MAC address: stable across starts, so that what others know of it stays valid. */
export const macOf = ({ mac, link }: Pick<LinkSpec, 'mac' | 'link'>) =>
  mac?.toLowerCase() ?? derivedMac(link);
