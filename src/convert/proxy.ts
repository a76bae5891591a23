import type { Discovery } from '../farm/discovery.js';
import { CONFIG_DIR, CONFIG_FILE, sparesOf } from '../farm/expand.js';
import { haproxyConfig } from '../farm/haproxy.js';
import type { FarmEntry } from '../model/config.js';

/** The proxy of a farm, and the files that it reads: those of its certificate are files of the host. */
export interface Proxy {
  /** With the command and the user that it has here. */
  entry: FarmEntry['proxy'];
  /** The text of `haproxy.cfg`. */
  text: string;
  /** Path inside → path of the host. */
  certificate: Record<string, string>;
}

export const PROXY_CONFIG = `${CONFIG_DIR}/${CONFIG_FILE}`;

/** HAProxy reads the key beside a certificate from NAME.key (ssl-load-extra-files). */
const CERTIFICATES = [`${CONFIG_DIR}/tls.pem`, `${CONFIG_DIR}/tls.pem.key`];

/** How many servers there are at most, during an update, too. */
export const serversOf = (farm: FarmEntry) => (farm.servers.replicas ?? 1) + sparesOf(farm);

/**
 * The same proxy as here, which asks a name server for its servers. All its options are in its
 * configuration.
 */
export function proxyOf(name: string, farm: FarmEntry, discovery: Discovery): Proxy {
  const { proxy } = farm;
  const { publish: _sockets, ...unpublished } = proxy;
  const [certificate = ''] = CERTIFICATES;
  const text = haproxyConfig(name, { ...farm, proxy: unpublished }, discovery, certificate);
  const files = proxy.tls?.files ?? [];
  const isOwn = proxy.command !== undefined || proxy.entrypoint !== undefined;
  // a master that reloads, in the foreground (haproxy(1)); it drops root itself
  const command = ['haproxy', '-W', '-db', '-f', PROXY_CONFIG];
  const own = isOwn ? {} : { entrypoint: command, user: proxy.user ?? '0:0' };
  return {
    entry: { ...proxy, ...own },
    text,
    certificate: Object.fromEntries(
      files.map((file, index) => [CERTIFICATES[index] ?? file, file]),
    ),
  };
}
