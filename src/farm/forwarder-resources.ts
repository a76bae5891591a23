import { type Context, type Leases, reachedAt } from '../kinds/desired-context.js';
import { type Address, addressOf } from '../model/address.js';
import type { PublishEntry, PublishRequest } from '../model/config.js';
import { UserError } from '../model/errors.js';
import { configDir, idOf } from '../model/install-paths.js';
import type { Instance } from '../model/instance.js';
import { formatHostPort, forwarderOf, hostPortsConflict } from '../model/publish.js';
import type { Resource, Row } from '../model/resource.js';
import type { BridgeSpec, ConfigSpec, ContainerSpec } from '../model/specs.js';
import { type Forward, type Forwarder, forwarderInstance, TCP } from './forwarder.js';
import { UDP } from './udp-forwarder.js';

const FORWARDERS = [TCP, UDP];

/** The published ports that the instance does not listen on itself. */
const forwarded = ({ entry: { publish = [] }, sockets = [] }: Instance) => {
  const own = new Set(sockets);
  return publish.filter((each) => !own.has(each));
};

/** Those that this forwarder carries. */
const carried = (by: Forwarder, instance: Instance) =>
  forwarded(instance).filter((each) => forwarderOf(each) === by.name);

const needed = (instances: Instance[], kept: readonly Row[]) =>
  FORWARDERS.filter(
    (each) =>
      instances.some((instance) => carried(each, instance).length > 0) ||
      keptPublishers(each, kept).length > 0,
  );

/** Rows of containers that the config does not contain, whose ports this forwarder carries. */
const keptPublishers = (by: Forwarder, kept: readonly Row[]) =>
  (kept as readonly Row<ContainerSpec>[]).filter(
    ({ kind, spec }) => kind === 'container' && keptPorts(by, spec).length > 0,
  );

/** Except those that it listens on itself. */
function keptPorts(by: Forwarder, { publish = [], sockets = [] }: ContainerSpec): PublishEntry[] {
  const own = new Set(sockets.map(formatHostPort));
  return publish.filter((each) => forwarderOf(each) === by.name && !own.has(formatHostPort(each)));
}

/** Adds the forwarders of all ports that containers publish but do not listen on themselves. */
export function withForwarders(instances: Instance[], kept: readonly Row[]): Instance[] {
  const forwarders = needed(instances, kept).map((each) =>
    forwarderInstance(each, firstPlace(each, instances)),
  );
  return [...instances, ...forwarders];
}

function firstPlace(forwarder: Forwarder, instances: Instance[]): Instance['path'] {
  for (const { entry, path, ...instance } of instances) {
    const [first] = carried(forwarder, { ...instance, entry, path });
    if (first) return placeOf(path, entry.publish ?? [], first);
  }
  return ['containers'];
}

const placeOf = (path: Instance['path'], all: PublishRequest[], port: PublishRequest) => [
  ...path,
  'publish',
  port.at ?? all.indexOf(port),
];

/** Adds the forwarders' images. */
export function withForwarderImages(context: Context, instances: Instance[]): Context {
  const { config, kept = [] } = context;
  const forwarders = needed(instances, kept);
  if (forwarders.length === 0) return context;
  const own = Object.fromEntries(forwarders.map(({ name, image }) => [name, image]));
  return { ...context, config: { ...config, images: { ...config.images, ...own } } };
}

/**
 * The forwarders' configurations. They depend on the bridges of the containers but not on the
 * containers: one that does not start must not keep the ports of the others closed.
 */
export function desiredForwards(
  instances: Instance[],
  bridges: ReadonlyMap<string, BridgeSpec>,
  leases: Leases,
  context: Context,
): Resource<ConfigSpec>[] {
  const { kept = [] } = context;
  return needed(instances, kept).map((forwarder) => {
    const made = instances.flatMap((each) => forwardsOf(forwarder, each, bridges, leases, context));
    const others = keptPublishers(forwarder, kept).flatMap((row) =>
      keptForwards(forwarder, row, context),
    );
    const forwards = [...made, ...others];
    refuseTaken(made, forwards, context.config);
    return configOf(forwarder, forwards, context);
  });
}

interface BridgedForward {
  bridge: string;
  forward: Forward;
}

function configOf(
  { name, file, configuration, reader, serves }: Forwarder,
  forwards: BridgedForward[],
  context: Context,
): Resource<ConfigSpec> {
  const { config, paths } = context;
  const own = forwards.filter(({ bridge }) => !config.bridges[bridge]?.external);
  const needs = new Set([
    ...own
      .filter(({ bridge }) => Object.hasOwn(config.bridges, bridge))
      .map(({ bridge }): Address => addressOf('bridge', bridge)),
    ...previousListeners(forwards, context),
  ]);
  const id = idOf(config.name, name);
  const ports = forwards.map(({ forward }) => forward);
  return {
    address: addressOf('config', name),
    kind: 'config',
    name,
    spec: {
      dir: configDir(paths, config.name, name),
      file,
      text: configuration(config.name, ports),
      reader: { id, ...reader },
      // without servers to drain; the rotation makes a failed reload an error
      ...(serves.proxy && {
        rotation: {
          proxy: { id, socket: serves.proxy.socket, backend: '' },
          servers: [],
          drain: 0,
        },
      }),
    },
    needs: [...needs],
    protect: false,
  };
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
  forwarder: Forwarder,
  instance: Instance,
  bridges: ReadonlyMap<string, BridgeSpec>,
  leases: Leases,
  { config }: Context,
): BridgedForward[] {
  const { name, entry, path } = instance;
  const ports = carried(forwarder, instance);
  if (ports.length === 0) return [];
  const hasHost = (key: 'host' | 'host6') => (each: string) =>
    bridges.get(each)?.[key] !== undefined;
  const names = Object.keys(entry.bridges);
  const bridge = names.find(hasHost('host')) ?? names.find(hasHost('host6'));
  const address = bridge === undefined ? undefined : reachedAt(leases, name, bridge);
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
  forwarder: Forwarder,
  { name, spec }: Row<ContainerSpec>,
  { rows }: Pick<Context, 'rows'>,
): BridgedForward[] {
  const hosted = (rows as readonly Row<BridgeSpec>[]).filter(
    ({ kind, spec }) => kind === 'bridge' && (spec.host ?? spec.host6) !== undefined,
  );
  const link = spec.links.find(({ bridge_link }) =>
    hosted.some(({ spec }) => spec.link === bridge_link),
  );
  const address = (link?.address ?? link?.address6)?.split('/')[0];
  if (!link || address === undefined) return [];
  return keptPorts(forwarder, spec).map((each) => ({
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
