import type { Context, Leases } from '../kinds/desired-context.js';
import { type Address, addressOf } from '../model/address.js';
import { UserError } from '../model/errors.js';
import { configDir, idOf } from '../model/install-paths.js';
import type { Instance } from '../model/instance.js';
import { FORWARDER, formatHostPort } from '../model/publish.js';
import type { Resource, Row } from '../model/resource.js';
import type { BridgeSpec, ConfigSpec, ContainerSpec } from '../model/specs.js';
import { CONFIG_DIR, CONFIG_FILE } from './expand.js';
import { FORWARDER_IMAGE, type Forward, forwarderConfig, forwarderInstance } from './forwarder.js';
import { PROXY_SOCKET } from './haproxy.js';

/** The published ports that the instance does not listen on itself. */
const forwarded = ({ entry: { publish = [] }, sockets = [] }: Instance) => {
  const own = new Set(sockets);
  return publish.filter((each) => !own.has(each));
};

const publishes = (instances: Instance[]) => instances.some((each) => forwarded(each).length > 0);

/** Adds the forwarder if any container publishes a port that it does not listen on itself. */
export function withForwarder(instances: Instance[]): Instance[] {
  return publishes(instances) ? [...instances, forwarderInstance()] : instances;
}

/** Adds the forwarder's image. */
export function withForwarderImage(context: Context, instances: Instance[]): Context {
  if (!publishes(instances)) return context;
  const { config } = context;
  const images = { ...config.images, [FORWARDER]: FORWARDER_IMAGE };
  return { ...context, config: { ...config, images } };
}

/**
 * The forwarder's configuration. It depends on the bridges of the containers but not on the
 * containers: one that does not start must not keep the ports of the others closed.
 */
export function desiredForwards(
  instances: Instance[],
  bridges: ReadonlyMap<string, BridgeSpec>,
  leases: Leases,
  { config, paths, ...context }: Context,
): Resource<ConfigSpec>[] {
  if (!publishes(instances)) return [];
  const forwards = instances.flatMap((each) =>
    forwardsOf(each, bridges, leases, { config, paths, ...context }),
  );
  const own = forwards.filter(({ bridge }) => !config.bridges[bridge]?.external);
  const needs = new Set([
    ...own.map(({ bridge }): Address => addressOf('bridge', bridge)),
    ...previousListeners(forwards, { config, paths, ...context }),
  ]);
  return [
    {
      address: addressOf('config', FORWARDER),
      kind: 'config',
      name: FORWARDER,
      spec: {
        dir: configDir(paths, config.name, FORWARDER),
        file: CONFIG_FILE,
        text: forwarderConfig(
          config.name,
          forwards.map(({ forward }) => forward),
        ),
        reader: {
          id: idOf(config.name, FORWARDER),
          check: ['/usr/sbin/haproxy', '-c', '-f', `${CONFIG_DIR}/${CONFIG_FILE}.next`],
          signal: 'SIGUSR2',
        },
        // without servers to drain; the rotation makes a failed reload an error
        rotation: {
          proxy: { id: idOf(config.name, FORWARDER), socket: PROXY_SOCKET, backend: '' },
          servers: [],
          drain: 0,
        },
      },
      needs: [...needs],
      protect: false,
    },
  ];
}

/** Proxies that listened on these ports themselves until now. */
function previousListeners(forwards: { forward: Forward }[], { rows, config }: Context): Address[] {
  const places = new Set(forwards.map(({ forward }) => formatHostPort(forward)));
  return (rows as readonly Row<Partial<ContainerSpec>>[])
    .filter(({ kind, stack }) => kind === 'container' && stack === config.name)
    .filter(({ spec: { sockets = [] } }) =>
      sockets.some((each) => places.has(formatHostPort(each))),
    )
    .map(({ name }) => addressOf('container', name));
}

/** Forwards to the instance over its first bridge that the host is attached to. */
function forwardsOf(
  instance: Instance,
  bridges: ReadonlyMap<string, BridgeSpec>,
  leases: Leases,
  { config }: Context,
): { bridge: string; forward: Forward }[] {
  const { name, entry, path } = instance;
  const ports = forwarded(instance);
  if (ports.length === 0) return [];
  const bridge = Object.keys(entry.bridges).find((each) => bridges.get(each)?.host !== undefined);
  const address = bridge === undefined ? undefined : leases(name, bridge);
  if (bridge === undefined || address === undefined) {
    throw new UserError(
      `${config.where([...path, 'publish'])}: cannot publish a port of container ${name}: the host has no address on any of its bridges`,
      'Set host: ADDRESS on one of its bridges.',
    );
  }
  return ports.map((each) => ({ bridge, forward: { ...each, container: name, address } }));
}
