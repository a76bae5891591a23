import type { FarmEntry } from '../model/config.js';
import type { Instance } from '../model/instance.js';

/** A farm as ordinary containers, and the name of the configuration its proxy reads. */
export interface Farm {
  name: string;
  entry: FarmEntry;
  servers: Instance[];
  proxy: Instance;
  /** Of the generated configuration, `shop-proxy`. */
  config: string;
}

/** Where the proxy finds its configuration. Its folder is bound in, so that the file can be replaced. */
export const CONFIG_DIR = '/etc/baleine';
export const CONFIG_FILE = 'haproxy.cfg';

export function expandFarm(name: string, entry: FarmEntry): Farm {
  const path = ['farms', name] as const;
  const { replicas = 1 } = entry.servers;
  const servers = Array.from({ length: replicas }, (_, index) => ({
    name: `${name}-server-${index + 1}`,
    service: `${name}-server`,
    entry: entry.servers,
    path: [...path, 'servers'],
  }));
  const config = `${name}-proxy`;
  const proxy = {
    name: config,
    service: config,
    entry: proxyEntry(entry, config),
    path: [...path, 'proxy'],
  };
  return { name, entry, servers, proxy, config };
}

function proxyEntry({ proxy }: FarmEntry, config: string): FarmEntry['proxy'] {
  const mount = { type: 'config', source: config, target: CONFIG_DIR, read_only: true } as const;
  const volumes = [...proxy.volumes, mount];
  if (proxy.command || proxy.entrypoint) return { ...proxy, volumes };
  // -W: a master that reloads on SIGUSR2; -db: in the foreground (haproxy(1))
  const command = ['haproxy', '-W', '-db', '-f', `${CONFIG_DIR}/${CONFIG_FILE}`];
  return { ...proxy, volumes, command };
}
