import { addressOf } from '../../../model/address.js';
import { EGRESS_MTU, egressAddress, INNER } from '../../../model/egress.js';
import { idOf, linkAlias, vethLink } from '../../../model/install-paths.js';
import type { Instance } from '../../../model/instance.js';
import { exact } from '../../../model/json.js';
import { resolverAddress, serversOf } from '../../../model/resolver.js';
import type { BridgeSpec, ContainerSpec, LinkSpec } from '../../../model/specs.js';
import type { Context, Leases } from '../../desired-context.js';

/**
 * A container's links, in the order of the file. Recorded links keep their names inside and outside
 * the container; if the container's id changes, only the inner ones.
 */
export function linksOf(
  { name, entry, egress, resolver, proxy }: Instance,
  bridges: ReadonlyMap<string, BridgeSpec>,
  leases: Leases,
  recorded: Pick<ContainerSpec, 'id' | 'links'> | undefined,
  context: Context,
): LinkSpec[] {
  const { config, paths } = context;
  const id = idOf(config.name, name);
  const before = recorded?.links ?? [];
  const devices = deviceNames(Object.keys(entry.bridges), before);
  const leaving = egressBridge({ entry, ...(egress && { egress }) }, bridges);
  const router = leaving ?? routerBridge({ entry }, bridges, (bridge) => leases(name, bridge));
  const router6 = leaving ? undefined : router6Bridge({ entry }, bridges);
  return Object.entries(entry.bridges).flatMap(([bridge, { mac, port_security }]) => {
    const spec = bridges.get(bridge);
    if (!spec) return [];
    const address = leases(name, bridge);
    const prefix = spec.subnet?.split('/')[1];
    const address6 = leases(name, bridge, 6);
    // what its members are there to reach
    const servesOthers =
      proxy || egress || resolver || (address !== undefined && address === spec.gateway);
    const existing =
      recorded?.id === id ? before.find((each) => each.bridge === bridge) : undefined;
    return [
      exact<LinkSpec>({
        bridge,
        bridge_link: spec.link,
        link: existing?.link ?? vethLink(paths, id, bridge),
        alias:
          existing?.alias ??
          linkAlias(paths, config.name, `${addressOf('container', name)}/${bridge}`),
        device: devices.get(bridge) ?? 'eth0',
        address: address === undefined ? undefined : `${address}/${prefix}`,
        ...(address6 !== undefined && {
          address6: `${address6}/${spec.subnet6?.split('/')[1]}`,
          gateway6: bridge === router6 ? route6On(spec, entry, address6) : undefined,
        }),
        mac,
        // the same for all members, which drop what is larger than theirs
        mtu: spec.egress && spec.uplink === undefined ? EGRESS_MTU : undefined,
        port_security: (port_security ?? spec.port_security) === false ? false : undefined,
        isolated: (spec.members === 'isolated' && !servesOthers) || undefined,
        ...(bridge === leaving
          ? { gateway: egressAddress(spec), dns: INNER.dns }
          : bridge === router && routeOn(spec, entry, address)),
        resolver: egress || resolver ? undefined : resolverAddress(spec),
      }),
    ];
  });
}

/** The bridge through whose way out a container leaves: the first in the order of the file. */
export function egressBridge(
  { entry, egress }: Pick<Instance, 'entry' | 'egress'>,
  bridges: ReadonlyMap<string, Pick<BridgeSpec, 'egress'>>,
): string | undefined {
  if (egress || entry.egress === false) return undefined;
  return Object.keys(entry.bridges).find((bridge) => bridges.get(bridge)?.egress);
}

/** The bridge of the default route of a container that uses no way out. */
function routerBridge(
  { entry }: Pick<Instance, 'entry'>,
  bridges: ReadonlyMap<string, BridgeSpec>,
  addressOn: (bridge: string) => string | undefined,
): string | undefined {
  const routes = Object.keys(entry.bridges).map((bridge) => {
    const spec = bridges.get(bridge);
    return { bridge, route: spec && routeOn(spec, entry, addressOn(bridge)) };
  });
  const found = routes.find(({ route }) => route?.dns) ?? routes.find(({ route }) => route);
  return found?.bridge;
}

/** A container that is the gateway itself has no route to itself. */
function routeOn(
  bridge: BridgeSpec,
  entry: Instance['entry'],
  address: string | undefined,
): Pick<LinkSpec, 'gateway' | 'dns'> | undefined {
  const { gateway, host } = bridge;
  const isUsed = gateway !== undefined && gateway !== address && entry.egress !== false;
  if (isUsed) return { gateway, dns: serversOf(bridge) };
  return host === undefined ? undefined : { gateway: host };
}

/**
 * The bridge of the IPv6 default route: the first with a router, else the first where the host has an
 * address. None beside a way out: what cannot leave over IPv6 is to fail at once, and use IPv4.
 */
function router6Bridge(
  { entry }: Pick<Instance, 'entry'>,
  bridges: ReadonlyMap<string, BridgeSpec>,
): string | undefined {
  const names = Object.keys(entry.bridges);
  const routed = names.find((each) => entry.egress !== false && bridges.get(each)?.gateway6);
  return routed ?? names.find((each) => bridges.get(each)?.host6 !== undefined);
}

/** As `routeOn`. */
function route6On(
  { gateway6, host6 }: BridgeSpec,
  entry: Instance['entry'],
  address6: string,
): string | undefined {
  const isUsed = gateway6 !== undefined && gateway6 !== address6 && entry.egress !== false;
  return isUsed ? gateway6 : host6;
}

function deviceNames(bridges: string[], recorded: LinkSpec[]) {
  const kept = recorded.filter(({ bridge }) => bridges.includes(bridge));
  const names = new Map(kept.map(({ bridge, device }) => [bridge, device]));
  let next = 0;
  for (const bridge of bridges) {
    if (names.has(bridge)) continue;
    while ([...names.values()].includes(`eth${next}`)) next += 1;
    names.set(bridge, `eth${next}`);
  }
  return names;
}
