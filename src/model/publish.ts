import type { ContainerEntry, ProxyOptions, PublishEntry, PublishRequest } from './config.js';

/** The name of the container, image and generated file that forward published TCP ports. */
export const FORWARDER = 'forwarder';

/** The same for UDP ports. */
export const UDP_FORWARDER = 'forwarder-udp';

/** What forwards UDP, where Debian has it: nginx, and its stream module (libnginx-mod-stream). */
export const UDP_PROGRAMS = [
  '/usr/sbin/nginx',
  '/usr/lib/nginx/modules/ngx_stream_module.so',
] as const;

export const forwarderOf = ({ protocol }: Pick<PublishEntry, 'protocol'>) =>
  protocol === 'udp' ? UDP_FORWARDER : FORWARDER;

export const ANY_ADDRESS = '0.0.0.0';

/** The same for IPv6. */
export const ANY_ADDRESS6 = '::';

export const isIp6 = (address: string) => address.includes(':');

/** The address that stands for all of its family. */
export const anyOf = (address: string) => (isIp6(address) ? ANY_ADDRESS6 : ANY_ADDRESS);

/** An address as a part of others, `[::1]`. */
export const inBrackets = (address: string) => (isIp6(address) ? `[${address}]` : address);

/**
 * Published ports of a container with an IPv6 address: those without an address of the host are open
 * on all of IPv6, too.
 */
export function onBothFamilies(publish: readonly PublishRequest[]): PublishRequest[] {
  const both = publish.flatMap((each, index) => {
    const isAny = each.host_ip === ANY_ADDRESS && !each.only_ipv4;
    return isAny ? [{ ...each, host_ip: ANY_ADDRESS6, at: each.at ?? index }] : [];
  });
  if (both.length === 0) return [...publish];
  return [...publish.map((each, index) => ({ ...each, at: each.at ?? index })), ...both];
}

/** An address and port of the host. */
export type HostPort = Pick<PublishEntry, 'host_ip' | 'published' | 'protocol'>;

/** Whether baleine chooses the port of the host. */
export const isOpen = ({ published, last }: PublishRequest) =>
  published === 0 || last !== undefined;

/** Whether two listeners cannot coexist. */
export function hostPortsConflict(a: HostPort, b: HostPort): boolean {
  return (
    a.published === b.published &&
    a.protocol === b.protocol &&
    isIp6(a.host_ip) === isIp6(b.host_ip) &&
    (a.host_ip === b.host_ip || [a.host_ip, b.host_ip].includes(anyOf(a.host_ip)))
  );
}

/** `127.0.0.1:8080`, `0.0.0.0:53/udp`, `[::1]:8080`. */
export const formatHostPort = ({ host_ip, published, protocol }: HostPort) =>
  `${inBrackets(host_ip)}:${published}${suffixOf(protocol)}`;

/** `127.0.0.1:8080:80`, `0.0.0.0:53:53/udp`; `0.0.0.0:8080` is a socket of the host itself. */
export function formatPublished(entry: PublishEntry): string {
  const { host_ip, published, target, protocol, socket_activation } = entry;
  if (socket_activation !== undefined) return formatHostPort(entry);
  return `${inBrackets(host_ip)}:${published}:${target}${suffixOf(protocol)}`;
}

/** The same for many: ports in a row are one, `0.0.0.0:7000-7019:7000-7019/udp`. */
export function formatAllPublished(entries: readonly PublishEntry[]): string {
  const rows: PublishEntry[][] = [];
  for (const entry of entries) {
    const row = rows.at(-1);
    const last = row?.at(-1);
    if (row && last && follows(entry, last)) row.push(entry);
    else rows.push([entry]);
  }
  return rows.map(formatRow).join(',');
}

const follows = (entry: PublishEntry, before: PublishEntry) =>
  entry.socket_activation === undefined &&
  formatPublished(entry) ===
    formatPublished({ ...before, published: before.published + 1, target: before.target + 1 });

function formatRow(row: PublishEntry[]): string {
  const [first, last] = [row[0] as PublishEntry, row.at(-1) as PublishEntry];
  if (first === last) return formatPublished(first);
  const { host_ip, published, target, protocol } = first;
  const [ports, targets] = [`${published}-${last.published}`, `${target}-${last.target}`];
  return `${inBrackets(host_ip)}:${ports}:${targets}${suffixOf(protocol)}`;
}

const suffixOf = (protocol: PublishEntry['protocol']) => (protocol ? `/${protocol}` : '');

/** Whether a runtime passes inherited sockets on to the container. */
export const passesSockets = (runtime: string | undefined) =>
  runtime === undefined || ['crun', 'runc'].includes(runtime);

/** A listening socket of the host that a container inherits. */
export interface InheritedSocket extends HostPort {
  /** Its name for the program (LISTEN_FDNAMES, sd_listen_fds(3)); none has that of a farm's proxy. */
  name?: string;
}

/** `0.0.0.0:8080`, with a name of its own `0.0.0.0:8080 as web`. */
export function formatSocket(socket: InheritedSocket): string {
  const { name = '', published } = socket;
  const isOwn = name !== '' && name !== String(published);
  return formatHostPort(socket) + (isOwn ? ` as ${name}` : '');
}

/** The published ports whose sockets the container's program inherits. */
export const activatedPorts = ({ publish = [] }: Pick<ContainerEntry, 'publish'>) =>
  publish.filter(({ socket_activation }) => socket_activation !== undefined);

/** The same, and those of a farm's proxy. */
export function ownPorts(entry: Publishing): PublishEntry[] {
  const own = new Set([...activatedPorts(entry), ...directPorts(entry)]);
  return (entry.publish ?? []).filter((each) => own.has(each));
}

type Publishing = Pick<ContainerEntry, 'publish' | 'command' | 'entrypoint' | 'runtime'> &
  Partial<Pick<ProxyOptions, 'listen' | 'tls' | 'stats'>>;

/**
 * The published ports that a farm's proxy listens on itself: those that map to a port in its
 * generated configuration. With `proxy_protocol`, the forwarder listens instead. Empty for every
 * other container.
 */
export function directPorts(entry: Publishing): PublishEntry[] {
  const { publish = [], listen, tls, stats, command, entrypoint, runtime } = entry;
  if (command || entrypoint || !passesSockets(runtime)) return [];
  const targets = [listen, tls?.listen, stats];
  return publish.filter(
    ({ target, proxy_protocol, protocol, socket_activation }) =>
      !proxy_protocol && !protocol && !socket_activation && targets.includes(target),
  );
}

const SOCKET = 'BALEINE_SOCKET_';

/**
 * The environment variable that tells a farm's proxy which file descriptor is the socket of a host
 * port.
 */
export const socketVariable = ({ host_ip, published }: HostPort) =>
  `${SOCKET}${host_ip.replace(/[.:]/g, '_')}_${published}`;

/** The environment of a program that inherits sockets. Not every runtime announces them itself. */
export function socketEnvironment(sockets: readonly InheritedSocket[]): Record<string, string> {
  const named = sockets.flatMap(({ name }) => (name === undefined ? [] : [name]));
  if (named.length > 0) {
    const names = sockets.map(({ name = 'unknown' }) => name).join(':');
    return { LISTEN_FDS: String(sockets.length), LISTEN_PID: '1', LISTEN_FDNAMES: names };
  }
  const all = sockets.map((each, index) => [socketVariable(each), `fd@${FIRST_SOCKET + index}`]);
  return Object.fromEntries(all);
}

/** SD_LISTEN_FDS_START of sd_listen_fds(3). */
const FIRST_SOCKET = 3;

export const isSocketVariable = (name: string) =>
  name.startsWith(SOCKET) || ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES'].includes(name);
