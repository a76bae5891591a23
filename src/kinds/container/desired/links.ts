import { addressOf } from '../../../model/address.js';
import { egressAddress, INNER } from '../../../model/egress.js';
import { idOf, linkAlias, vethLink } from '../../../model/install-paths.js';
import type { Instance } from '../../../model/instance.js';
import { exact } from '../../../model/json.js';
import type { BridgeSpec, ContainerSpec, LinkSpec } from '../../../model/specs.js';
import type { Context, Leases } from '../../desired-context.js';

/**
 * A container's links, in the order of the file. Recorded links keep their names inside and outside
 * the container; if the container's id changes, only the inner ones.
 */
export function linksOf(
  { name, entry, egress }: Instance,
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
  const router =
    leaving ?? Object.keys(entry.bridges).find((bridge) => bridges.get(bridge)?.host !== undefined);
  return Object.entries(entry.bridges).flatMap(([bridge, { mac }]) => {
    const spec = bridges.get(bridge);
    if (!spec) return [];
    const address = leases(name, bridge);
    const prefix = spec.subnet?.split('/')[1];
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
        mac,
        gateway:
          bridge === leaving ? egressAddress(spec) : bridge === router ? spec.host : undefined,
        dns: bridge === leaving ? INNER.dns : undefined,
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
