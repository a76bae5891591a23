import type { ContainerEntry, ProxyOptions, PublishEntry } from './config.js';

/** What the container, the image and the configuration that carry published ports are called. */
export const FORWARDER = 'forwarder';

export const ANY_ADDRESS = '0.0.0.0';

/** Where the host listens. */
export type HostPort = Pick<PublishEntry, 'host_ip' | 'published'>;

/** Whether two cannot both be listened at. */
export function hostPortsConflict(a: HostPort, b: HostPort): boolean {
  return (
    a.published === b.published &&
    (a.host_ip === b.host_ip || a.host_ip === ANY_ADDRESS || b.host_ip === ANY_ADDRESS)
  );
}

/** `127.0.0.1:8080`. */
export const formatHostPort = ({ host_ip, published }: HostPort) => `${host_ip}:${published}`;

/** These hand on to a container the sockets they are started with. */
const PASSES_SOCKETS: readonly (string | undefined)[] = [undefined, 'crun', 'runc'];

type Publishing = Pick<ContainerEntry, 'publish' | 'command' | 'entrypoint' | 'runtime'> &
  Partial<Pick<ProxyOptions, 'listen' | 'tls' | 'stats'>>;

/**
 * Of the ports that a farm's proxy publishes those it listens at by itself: the ones that lead to
 * where it listens by what baleine writes. With `proxy_protocol` the forwarder stands between. None
 * of any other container.
 */
export function directPorts(entry: Publishing): PublishEntry[] {
  const { publish = [], listen, tls, stats, command, entrypoint, runtime } = entry;
  if (command || entrypoint || !PASSES_SOCKETS.includes(runtime)) return [];
  const targets = [listen, tls?.listen, stats];
  return publish.filter(
    ({ target, proxy_protocol }) => !proxy_protocol && targets.includes(target),
  );
}

const SOCKET = 'BALEINE_SOCKET_';

/** The variable that tells a container's first process which descriptor is the socket of a place. */
export const socketVariable = ({ host_ip, published }: HostPort) =>
  `${SOCKET}${host_ip.replaceAll('.', '_')}_${published}`;

export const isSocketVariable = (name: string) => name.startsWith(SOCKET);
