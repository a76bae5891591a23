import { type Context, certificateKey, type Leases, reachedAt } from '../kinds/desired-context.js';
import { addressOf } from '../model/address.js';
import type { FarmEntry } from '../model/config.js';
import { UserError } from '../model/errors.js';
import { configDir, idOf } from '../model/install-paths.js';
import type { Instance } from '../model/instance.js';
import type { Resource, Row } from '../model/resource.js';
import type { ConfigSpec, ContainerSpec, PlacedFile } from '../model/specs.js';
import { CONFIG_DIR, CONFIG_FILE, type Farm } from './expand.js';
import { backendOf, haproxyConfig, PROXY_SOCKET, type Upstream } from './haproxy.js';
import { KEEP_ALIVE } from './proxy-options.js';
import { transitionalUpstreams } from './transitional-upstreams.js';

/**
 * A farm's proxy configuration. It depends on the servers: a new server runs before the proxy
 * knows it, and a removed one is dropped by the proxy before it stops.
 *
 * @param containers of the stack, as desired
 */
export function desiredConfig(
  declared: Farm,
  containers: readonly Resource<ContainerSpec>[],
  leases: Leases,
  context: Context,
): Resource<ConfigSpec> {
  const farm = withPinnedServers(declared, containers);
  const { config, paths } = context;
  const certificate = certificateOf(farm, context);
  const upstreams = upstreamsOf(farm, leases, context);
  const textFor = (servers: FarmEntry['servers'], upstreams: Upstream[]) =>
    haproxyConfig(
      farm.name,
      { ...farm.entry, servers },
      upstreams,
      certificate && `${CONFIG_DIR}/${certificate.name}`,
      Object.keys(farm.entry.proxy.bridges).some((each) => leases(farm.proxy.name, each, 6)),
    );
  const rotation = rotationOf(farm, context);
  const spec: ConfigSpec = {
    dir: configDir(paths, config.name, farm.config),
    file: CONFIG_FILE,
    text: textFor(farm.entry.servers, upstreams),
    reader: {
      id: idOf(config.name, farm.proxy.name),
      check: ['haproxy', '-c', '-f', `${CONFIG_DIR}/${CONFIG_FILE}.next`],
      signal: 'SIGUSR2',
    },
    farm: { name: farm.name, ...(farm.scaled && { scaled: farm.scaled }) },
    rotation,
    ...(certificate && { files: [certificate] }),
  };
  return {
    address: addressOf('config', farm.config),
    kind: 'config',
    name: farm.config,
    spec,
    transitionalSpec: (rows) => {
      const { servers } = farm.entry;
      const transitional = transitionalUpstreams(
        { servers, upstreams },
        rows as Row<ContainerSpec>[],
      );
      if (!transitional) return undefined;
      const text = textFor(transitional.servers, transitional.upstreams);
      const handover = Math.max(rotation.drain, KEEP_ALIVE);
      return { ...spec, text, rotation: { ...rotation, handover } };
    },
    needs: farm.servers.map(({ name }) => addressOf('container', name)),
    protect: false,
    entry: ['farms', farm.name, 'proxy'],
  };
}

/** The proxy connects to pinned servers, and checks them, as in their pinned release. */
function withPinnedServers(farm: Farm, containers: readonly Resource<ContainerSpec>[]): Farm {
  const server = farm.servers[0]?.name;
  const held = containers.find(({ name }) => name === server)?.spec.held;
  if (!held) return farm;
  const { healthcheck: _asked, ...servers } = farm.entry.servers;
  const { healthcheck, port = servers.port } = held.to;
  const before = { ...servers, port, ...(healthcheck && { healthcheck }) };
  return { ...farm, entry: { ...farm.entry, servers: before } };
}

function upstreamsOf(farm: Farm, leases: Leases, context: Context): Upstream[] {
  const { port } = farm.entry.servers;
  const upstream = ({ name }: Instance): Upstream => ({
    name,
    address: upstreamAddress(farm, name, leases, context),
    port,
  });
  const spares = farm.spares.map((each) => ({ ...upstream(each), disabled: true as const }));
  return [...farm.servers.map(upstream), ...spares];
}

function rotationOf(
  { name, entry, proxy, servers }: Farm,
  { config }: Context,
): NonNullable<ConfigSpec['rotation']> {
  return {
    proxy: { id: idOf(config.name, proxy.name), socket: PROXY_SOCKET, backend: backendOf(name) },
    servers: servers.map((each) => each.name),
    drain: entry.update.drain,
  };
}

/**
 * A renewed certificate gets another file name and so changes the text, which reloads the proxy.
 */
function certificateOf({ name, entry }: Farm, { sources }: Context): PlacedFile | undefined {
  const { tls } = entry.proxy;
  return tls && { name: `tls-${sources[certificateKey(name)] ?? 'unread'}.pem`, from: tls.files };
}

/** The server's address on the first bridge that it shares with the proxy. */
function upstreamAddress(
  { entry, name: farm }: Farm,
  server: string,
  leases: Leases,
  { config }: Context,
): string {
  const shared = Object.keys(entry.servers.bridges).filter((each) => entry.proxy.bridges[each]);
  for (const bridge of shared) {
    const address = reachedAt(leases, server, bridge);
    if (address !== undefined) return address;
  }
  throw new UserError(
    `${config.where(['farms', farm])}: the proxy of farm ${farm} cannot reach its servers: they share no bridge that has a subnet`,
    'Put both on one bridge with a subnet.',
  );
}
