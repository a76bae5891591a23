import type { ContainerEntry, ProxyOptions, PublishEntry } from './config.js';

/** The name of the container, image and generated file that forward published ports. */
export const FORWARDER = 'forwarder';

export const ANY_ADDRESS = '0.0.0.0';

/** An address and port of the host. */
export type HostPort = Pick<PublishEntry, 'host_ip' | 'published'>;

/** Whether two listeners cannot coexist. */
export function hostPortsConflict(a: HostPort, b: HostPort): boolean {
  return (
    a.published === b.published &&
    (a.host_ip === b.host_ip || a.host_ip === ANY_ADDRESS || b.host_ip === ANY_ADDRESS)
  );
}

/** `127.0.0.1:8080`. */
export const formatHostPort = ({ host_ip, published }: HostPort) => `${host_ip}:${published}`;

/** Runtimes that pass inherited sockets on to the container. */
const PASSES_SOCKETS: readonly (string | undefined)[] = [undefined, 'crun', 'runc'];

type Publishing = Pick<ContainerEntry, 'publish' | 'command' | 'entrypoint' | 'runtime'> &
  Partial<Pick<ProxyOptions, 'listen' | 'tls' | 'stats'>>;

/**
 * The published ports that a farm's proxy listens on itself: those that map to a port in its
 * generated configuration. With `proxy_protocol`, the forwarder listens instead. Empty for every
 * other container.
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

/**
 * The environment variable that tells the first process of a container which file descriptor is the
 * socket of a host port.
 */
export const socketVariable = ({ host_ip, published }: HostPort) =>
  `${SOCKET}${host_ip.replaceAll('.', '_')}_${published}`;

export const isSocketVariable = (name: string) => name.startsWith(SOCKET);
