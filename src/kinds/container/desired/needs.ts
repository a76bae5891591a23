import { type Address, addressOf } from '../../../model/address.js';
import { egressName } from '../../../model/egress.js';
import type { Instance } from '../../../model/instance.js';
import { neededServices, parseSharing, sharedServices } from '../../../model/namespaces.js';
import { resolverName, resolverOf } from '../../../model/resolver.js';
import type { Resource } from '../../../model/resource.js';
import type { BridgeSpec } from '../../../model/specs.js';
import type { Context } from '../../desired-context.js';
import { extraHostsOf, hostsName } from '../../recorded.js';
import { instancesNamed } from './instances.js';
import { egressBridge } from './links.js';

/** What a container starts after. */
export function needsOf(
  instance: Instance,
  instances: Instance[],
  bridges: ReadonlyMap<string, BridgeSpec>,
  context: Context,
): Address[] {
  const { config, kept = [] } = context;
  const { entry } = instance;
  const ours = (kind: 'image' | 'bridge', name: string): Address[] => {
    const declared = kind === 'image' ? config.images[name] : config.bridges[name];
    const stays = kept.some((row) => row.kind === kind && row.name === name);
    return stays || (declared && !declared.external) ? [addressOf(kind, name)] : [];
  };
  return [
    ...(parseSharing(entry.network_mode)
      ? []
      : [
          addressOf(
            'hosts',
            hostsName(Object.keys(entry.bridges), extraHostsOf(instance, bridges, context)),
          ),
        ]),
    ...ours('image', entry.image),
    ...Object.keys(entry.bridges).flatMap((bridge) => ours('bridge', bridge)),
    ...wayOut(instance, bridges, context),
    ...entry.volumes.flatMap(({ type, source }) =>
      type === 'bind' || (type === 'volume' && config.volumes[source]?.external)
        ? []
        : [addressOf(type, source)],
    ),
    ...neededServices(entry).flatMap((service) =>
      instancesNamed(service, instances).map(({ name }) => addressOf('container', name)),
    ),
  ];
}

/** Dependencies with `required: false`. */
export function optionalOf({ entry }: Instance, instances: Instance[]): Pick<Resource, 'optional'> {
  const names = Object.keys(entry.depends_on).filter(
    (service) => entry.depends_on[service]?.required === false,
  );
  const shared = sharedServices(entry).map(({ service }) => service);
  const optional = names
    .filter((service) => !shared.includes(service))
    .flatMap((service) => instancesNamed(service, instances))
    .map(({ name }) => addressOf('container', name));
  return optional.length > 0 ? { optional } : {};
}

/**
 * A container starts after the way out that it uses, and after the resolvers of its bridges. The way out
 * itself comes after all bridges, whose networks it closes.
 */
function wayOut(
  instance: Instance,
  bridges: ReadonlyMap<string, BridgeSpec>,
  { config, kept = [] }: Context,
): Address[] {
  const own = (bridge: string) => config.bridges[bridge] && !config.bridges[bridge].external;
  if (instance.egress) {
    const names = Object.keys(config.bridges).filter((name) => own(name));
    return names.map((name) => addressOf('bridge', name));
  }
  const leaving = egressBridge(instance, bridges);
  const stays = kept.some(({ kind, name }) => kind === 'bridge' && name === leaving);
  const out = leaving !== undefined && (stays || own(leaving)) ? [egressName(leaving)] : [];
  return [...out, ...resolversOf(instance, bridges).filter(own).map(resolverName)].map((name) =>
    addressOf('container', name),
  );
}

/** The bridges whose resolvers it asks. */
function resolversOf(
  { entry, resolver }: Instance,
  bridges: ReadonlyMap<string, BridgeSpec>,
): string[] {
  if (resolver) return [];
  return Object.keys(entry.bridges).filter((name) => resolverOf(bridges.get(name) ?? {}));
}
