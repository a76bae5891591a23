import type { ContainerNode, Topology } from '../../model/topology.js';
import type { Line } from './picture.js';
import { publishWords } from './words.js';

/** Addresses first, by the distance of their bridges from the host. */
export function linesOf(container: ContainerNode, { bridges, farms }: Topology): Line[] {
  const { name, addresses, publish, volumes } = container;
  const proxied = farms.filter(({ proxy }) => proxy === name);
  return [
    ...bridges
      .filter((bridge) => bridge.name in addresses)
      .map((bridge): Line => {
        return { kind: 'address', bridge: bridge.name, text: addresses[bridge.name] ?? '' };
      }),
    ...publish.map((each): Line => ({ kind: 'publish', text: publishWords(each) })),
    ...proxied.map((farm): Line => ({ kind: 'proxy', text: `proxy of ${farm.name}` })),
    ...(volumes.length > 0 ? [{ kind: 'volume', text: volumes.join(', ') } as const] : []),
  ];
}
