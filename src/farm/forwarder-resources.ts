import type { Context, Leases } from '../kinds/desired-context.js';
import { type Address, addressOf } from '../model/address.js';
import { UserError } from '../model/errors.js';
import { configDir, idOf } from '../model/install-paths.js';
import type { Instance } from '../model/instance.js';
import { FORWARDER, formatHostPort, hostPortsConflict } from '../model/publish.js';
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

const publishes = (instances: Instance[], kept: readonly Row[]) =>
  instances.some((each) => forwarded(each).length > 0) || keptPublishers(kept).length > 0;

/** Rows of containers that publish ports; what the config does not contain has no sockets of its own. */
const keptPublishers = (kept: readonly Row[]) =>
  (kept as readonly Row<ContainerSpec>[]).filter(
    ({ kind, spec }) => kind === 'container' && (spec.publish ?? []).length > 0,
  );

/** Adds the forwarder if any container publishes a port that it does not listen on itself. */
export function withForwarder(instances: Instance[], kept: readonly Row[]): Instance[] {
  return publishes(instances, kept) ? [...instances, forwarderInstance()] : instances;
}

/** Adds the forwarder's image. */
export function withForwarderImage(context: Context, instances: Instance[]): Context {
  const { config, kept = [] } = context;
  if (!publishes(instances, kept)) return context;
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
  const { kept = [] } = context;
  if (!publishes(instances, kept)) return [];
  const made = instances.flatMap((each) =>
    forwardsOf(each, bridges, leases, { config, paths, ...context }),
  );
  const forwards = [...made, ...keptPublishers(kept).flatMap((row) => keptForwards(row, context))];
  refuseTaken(made, forwards, config);
  const own = forwards.filter(({ bridge }) => !config.bridges[bridge]?.external);
  const needs = new Set([
    ...own
      .filter(({ bridge }) => Object.hasOwn(config.bridges, bridge))
      .map(({ bridge }): Address => addressOf('bridge', bridge)),
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

/** The same for a container that the config does not contain, as it was last applied. */
function keptForwards(
  { name, spec: { links, publish = [] } }: Row<ContainerSpec>,
  { rows }: Pick<Context, 'rows'>,
): { bridge: string; forward: Forward }[] {
  const hosted = (rows as readonly Row<BridgeSpec>[]).filter(
    ({ kind, spec }) => kind === 'bridge' && spec.host !== undefined,
  );
  const link = links.find(({ bridge_link }) =>
    hosted.some(({ spec }) => spec.link === bridge_link),
  );
  const address = link?.address?.split('/')[0];
  if (!link || address === undefined) return [];
  return publish.map((each) => ({
    bridge: link.bridge,
    forward: { ...each, container: name, address },
  }));
}

type Forwards = { forward: Forward }[];

/** Within one file this is an error of the file; a container made earlier is in none. */
function refuseTaken(made: Forwards, all: Forwards, { where }: Context['config']): void {
  for (const { forward } of made) {
    const other = all.find(
      (each) =>
        each.forward.container !== forward.container && hostPortsConflict(each.forward, forward),
    );
    if (!other) continue;
    throw new UserError(
      `${where(['containers', forward.container, 'publish'])}: container ${other.forward.container} already publishes ${formatHostPort(other.forward)}`,
      'Choose another port of the host.',
    );
  }
}
