import { CONFIG_DIR, CONFIG_FILE, type Farm } from '../../farm/expand.js';
import { backendOf, haproxyConfig, PROXY_SOCKET } from '../../farm/haproxy.js';
import { addressOf } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import type { Instance } from '../../model/instance.js';
import type { Resource } from '../../model/resource.js';
import { configDir, idOf } from '../../model/site.js';
import type { ConfigSpec, PlacedFile } from '../../model/specs.js';
import { type Context, certificateKey } from './context.js';
import type { Leases } from './leases.js';

/**
 * A farm's proxy configuration. It needs its servers: a new one runs before the proxy hears of
 * it, and one that goes is forgotten by the proxy before it stops.
 */
export function desiredConfig(farm: Farm, leases: Leases, context: Context): Resource<ConfigSpec> {
  const { config, site } = context;
  const upstream = ({ name }: Instance) => ({
    name,
    address: upstreamAddress(farm, name, leases, context),
  });
  const servers = farm.servers.map(upstream);
  const spares = farm.spares.map((each) => ({ ...upstream(each), spare: true as const }));
  const certificate = certificateOf(farm, context);
  return {
    address: addressOf('config', farm.config),
    kind: 'config',
    name: farm.config,
    spec: {
      dir: configDir(site, config.name, farm.config),
      file: CONFIG_FILE,
      text: haproxyConfig(
        farm.name,
        farm.entry,
        [...servers, ...spares],
        certificate && `${CONFIG_DIR}/${certificate.name}`,
      ),
      reader: {
        id: idOf(config.name, farm.proxy.name),
        check: ['haproxy', '-c', '-f', `${CONFIG_DIR}/${CONFIG_FILE}.next`],
        signal: 'SIGUSR2',
      },
      farm: { name: farm.name, ...(farm.scaled && { scaled: farm.scaled }) },
      rotation: {
        proxy: {
          id: idOf(config.name, farm.proxy.name),
          socket: PROXY_SOCKET,
          backend: backendOf(farm.name),
        },
        servers: servers.map(({ name }) => name),
        drain: farm.entry.update.drain,
      },
      ...(certificate && { files: [certificate] }),
    },
    needs: farm.servers.map(({ name }) => addressOf('container', name)),
    protect: false,
  };
}

/** A renewed certificate is another file, and so another text: that is how the proxy hears of it. */
function certificateOf({ name, entry }: Farm, { sources }: Context): PlacedFile | undefined {
  const { tls } = entry.proxy;
  return tls && { name: `tls-${sources[certificateKey(name)] ?? 'unread'}.pem`, from: tls.files };
}

/** The server's address on the first bridge it shares with the proxy. */
function upstreamAddress(
  { entry, name: farm }: Farm,
  server: string,
  leases: Leases,
  { config }: Context,
): string {
  const shared = Object.keys(entry.servers.bridges).filter((each) => entry.proxy.bridges[each]);
  for (const bridge of shared) {
    const address = leases(server, bridge);
    if (address !== undefined) return address;
  }
  throw new UserError(
    `${config.where(['farms', farm])}: the proxy of farm ${farm} cannot reach its servers: they share no bridge that has a subnet`,
    'Put both on one bridge with a subnet.',
  );
}
