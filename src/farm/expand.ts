import type { ContainerEntry, FarmEntry } from '../model/config.js';
import type { Instance } from '../model/instance.js';
import { ownPorts } from '../model/publish.js';
import type { Scaled } from '../model/specs.js';
import { backendOf, PROXY_SOCKET } from './haproxy.js';

/** A farm, expanded into ordinary containers and the generated file that its proxy reads. */
export interface Farm {
  name: string;
  entry: FarmEntry;
  servers: Instance[];
  /** Spares that serve during a rolling update. */
  spares: Instance[];
  proxy: Instance;
  /** Name of the generated file, `shop-proxy`. */
  config: string;
  /** Set if the number of servers differs from the file. */
  scaled?: Scaled;
}

/**
 * Where the proxy finds its configuration. The folder is bind-mounted, so that the file can be
 * replaced atomically.
 */
export const CONFIG_DIR = '/etc/baleine';
export const CONFIG_FILE = 'haproxy.cfg';

export function expandFarm(name: string, entry: FarmEntry): Farm {
  const path = ['farms', name] as const;
  const { servers, update } = entry;
  const config = `${name}-proxy`;
  const serves = {
    farm: name,
    proxy: config,
    socket: PROXY_SOCKET,
    backend: backendOf(name),
    port: servers.port,
    update,
  };
  const numbered = (service: string, entry: ContainerEntry, count: number) =>
    Array.from({ length: count }, (_, index) => ({
      name: `${service}-${index + 1}`,
      service,
      entry,
      path: [...path, 'servers'],
      serves,
    }));
  const sockets = ownPorts(entry.proxy);
  const proxy = {
    name: config,
    service: config,
    entry: proxyEntry(entry, config),
    path: [...path, 'proxy'],
    ...(sockets.length > 0 && { sockets }),
    ...(isOurs(entry.proxy) && { proxy: { socket: PROXY_SOCKET, check: CHECK } }),
  };
  return {
    name,
    entry,
    servers: numbered(`${name}-server`, servers, servers.replicas ?? 1),
    spares: numbered(`${name}-spare`, spareEntry(servers), sparesOf(entry)).map((each) => ({
      ...each,
      spare: true,
    })),
    proxy,
    config,
  };
}

/** Maximum number of spares. */
export function sparesOf({ servers: { replicas = 1 }, update }: FarmEntry): number {
  return update.order === 'start-first' ? Math.min(update.parallelism, replicas) : 0;
}

/** Drops what must be unique and so stays with the servers. */
function spareEntry(entry: ContainerEntry): ContainerEntry {
  const { hostname: _hostname, ...rest } = entry;
  const names = Object.keys(entry.bridges);
  const bridges = Object.fromEntries(names.map((name) => [name, { aliases: [] }]));
  return { ...rest, bridges, protect: false };
}

/** With a command of its own, the proxy may not read our configuration. */
const isOurs = ({ command, entrypoint }: ContainerEntry) => !command && !entrypoint;

const CHECK = ['haproxy', '-c', '-f', `${CONFIG_DIR}/${CONFIG_FILE}`];

function proxyEntry({ proxy }: FarmEntry, config: string): FarmEntry['proxy'] {
  const mount = { type: 'config', source: config, target: CONFIG_DIR, read_only: true } as const;
  const volumes = [...proxy.volumes, mount];
  if (!isOurs(proxy)) return { ...proxy, volumes };
  // -W: a master that reloads on SIGUSR2; -db: in the foreground (haproxy(1))
  const command = ['haproxy', '-W', '-db', '-f', `${CONFIG_DIR}/${CONFIG_FILE}`];
  return { ...proxy, volumes, command };
}
