import { type ForwardedPorts, forwardPorts } from '../../host/linux/network/forward-ports.js';
import { refuseTakenPorts } from '../../kinds/container/port-conflicts.js';
import type { Config, ContainerEntry, PublishEntry, PublishRequest } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import { formatPublished, isOpen, onBothFamilies } from '../../model/publish.js';
import type { Row } from '../../model/resource.js';
import type { BridgeSpec, ContainerSpec } from '../../model/specs.js';
import type { Context } from '../context.js';
import { hostOf } from '../plan-resources.js';

/**
 * The ports that a service publishes, for a one-off container of it. Those of a farm lead to its proxy,
 * and here to the port of its servers.
 */
export function portsOfService(config: Config, service: string, purpose: string): PublishRequest[] {
  const farm = Object.hasOwn(config.farms, service) ? config.farms[service] : undefined;
  const { publish = [] } = farm ? farm.proxy : (config.containers[service] ?? {});
  const odd = publish.find(
    ({ target, proxy_protocol, socket_activation }) =>
      proxy_protocol || socket_activation || (farm && target !== farm.proxy.listen),
  );
  if (odd) {
    throw new UserError(
      `cannot ${purpose}: its port ${formatPublished(odd)} needs more than a container`,
      'Name the ports: -p 8080:80',
    );
  }
  return farm ? publish.map((each) => ({ ...each, target: farm.servers.port })) : publish;
}

/** Ports of the host that are open for a one-off container. */
export interface OneOffPorts {
  publish: PublishEntry[];
  /** Lets clients in, to a container as it was created. */
  leadTo(spec: ContainerSpec): void;
  close(): void;
}

/**
 * Opens ports for a one-off container, which this process forwards: it ends with the container.
 *
 * @throws UserError before anything is started, if one is in use or the host cannot reach the container
 */
export async function openPorts(
  context: Context,
  config: Config,
  rows: readonly Row[],
  { bridges, publish = [] }: Pick<ContainerEntry, 'bridges' | 'publish'>,
  purpose: string,
): Promise<OneOffPorts> {
  const inherited = publish.find(({ socket_activation }) => socket_activation !== undefined);
  if (inherited) {
    throw new UserError(
      `cannot ${purpose}: a one-off container of a service inherits no socket of ${formatPublished(inherited)}`,
      'Leave out socket_activation, and name the port in the container: -p 8080:80',
    );
  }
  const reached = hostedBridges(config, rows);
  if (!Object.keys(bridges).some((name) => reached.has(name))) {
    throw new UserError(
      `cannot ${purpose}: its ports cannot be published: the host has no address on any of its bridges`,
      'Give one of them host: ADDRESS',
    );
  }
  const isDual = Object.keys(bridges).some((name) => {
    const bridge = config.bridges[name];
    return bridge && !bridge.external && bridge.subnet6 !== undefined;
  });
  const capacity = hostOf(context).capacity();
  const chosen = (isDual ? onBothFamilies(publish) : publish).map((each) => {
    if (!isOpen(each)) return entryOf(each);
    const { published: first, last } =
      each.last === undefined ? FREE : { ...each, last: each.last };
    for (let port = first; port <= last; port += 1) {
      if (!capacity.listener(each.host_ip, port, each.protocol))
        return entryOf({ ...each, published: port });
    }
    throw new UserError(
      `cannot ${purpose}: each port of ${first} to ${last} is in use`,
      'Name a port of the host: -p 8080:80',
    );
  });
  refuseTakenPorts(chosen, config, capacity, purpose);
  const forwarded: ForwardedPorts = await forwardPorts(chosen);
  return {
    publish: chosen,
    leadTo({ links }) {
      const link = links.find(({ bridge }) => reached.has(bridge));
      const address = (link?.address ?? link?.address6)?.split('/')[0];
      if (address !== undefined) forwarded.leadTo(address);
    },
    close: forwarded.close,
  };
}

/** Above those that Linux gives to outgoing connections; as `publish` has it. */
const FREE = { published: 61_000, last: 65_535 };

const entryOf = ({ host_ip, published, target, protocol }: PublishRequest): PublishEntry => ({
  host_ip,
  published,
  target,
  ...(protocol && { protocol }),
});

/** Names of the bridges on which the host has an address, in this file. */
function hostedBridges({ bridges }: Config, rows: readonly Row[]): Set<string> {
  const hosts = Object.entries(bridges).flatMap(([name, bridge]) => {
    if (!bridge.external) return (bridge.host ?? bridge.host6) === undefined ? [] : [name];
    const row = rows.find((each) => each.kind === 'bridge' && each.name === (bridge.name ?? name));
    const spec = row?.spec as BridgeSpec | undefined;
    return (spec?.host ?? spec?.host6) === undefined ? [] : [name];
  });
  return new Set(hosts);
}
