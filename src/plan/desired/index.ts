import { expandFarm, type Farm } from '../../farm/expand.js';
import { type Resource, resourceFromRow } from '../../model/resource.js';
import type { ContainerSpec, VolumeSpec } from '../../model/specs.js';
import { desiredBridges } from './bridges.js';
import { desiredConfig } from './configs.js';
import { desiredContainers } from './containers.js';
import type { Context } from './context.js';
import { pinnedDependencies } from './dependencies.js';
import { desiredForwards, withForwarder, withForwarderImage } from './forwarder-resources.js';
import { desiredHosts, keptPeers, peersOf } from './hosts.js';
import { desiredImages } from './images.js';
import { instancesOf, scaleOf, withScale } from './instances.js';
import { leaseAddresses } from './leases.js';
import { volumePath } from './recorded.js';

/**
 * Every resource of the stack as desired, in an order suited to readers. Pure. Throws a UserError
 * with its position for problems that only the state tables reveal: a missing external resource, a
 * subnet in use.
 */
export function desired(input: Context): Resource[] {
  const { kept = [] } = input;
  const farms = Object.entries(input.config.farms).map(([name, farm]) => {
    const scaled = scaleOf(name, farm, input);
    return { ...expandFarm(name, withScale(farm, scaled)), ...(scaled && { scaled }) };
  });
  const declared = instancesOf(input.config, farms);
  const [instances, context] = [withForwarder(declared), withForwarderImage(input, declared)];
  const images = desiredImages(context);
  const bridges = desiredBridges(context);
  const all = [...instances, ...farms.flatMap(({ spares }) => spares)];
  const leases = leaseAddresses(all, bridges.specs, context);
  const named = [...images.resources, ...bridges.resources, ...desiredVolumes(context)];
  const { containers, kept: stillUsed } = pinnedDependencies(
    desiredContainers(all, images.specs, bridges.specs, leases, context),
    new Set(named.map(({ address }) => address)),
    context,
  );
  return [
    ...named,
    ...stillUsed,
    ...farms.map((farm) => desiredConfig(withPinnedServers(farm, containers), leases, context)),
    ...desiredForwards(declared, bridges.specs, leases, context),
    ...desiredHosts([...peersOf(instances, leases), ...keptPeers(kept)], context),
    ...kept.filter(({ kind }) => kind !== 'hosts').map(resourceFromRow),
    ...containers,
  ];
}

/** The proxy connects to pinned servers, and checks them, as in their pinned release. */
function withPinnedServers(farm: Farm, containers: Resource<ContainerSpec>[]): Farm {
  const server = farm.servers[0]?.name;
  const held = containers.find(({ name }) => name === server)?.spec.held;
  if (!held) return farm;
  const { healthcheck: _asked, ...servers } = farm.entry.servers;
  const { healthcheck, port = servers.port } = held.to;
  const before = { ...servers, port, ...(healthcheck && { healthcheck }) };
  return { ...farm, entry: { ...farm.entry, servers: before } };
}

function desiredVolumes(context: Context): Resource<VolumeSpec>[] {
  return Object.entries(context.config.volumes).map(([name, { protect }]) => ({
    address: `volume.${name}`,
    kind: 'volume',
    name,
    spec: { path: volumePath(name, context) },
    needs: [],
    protect,
  }));
}
