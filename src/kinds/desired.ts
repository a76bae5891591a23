import { egressInstances, withEgressImage } from '../farm/egress.js';
import { expandFarm } from '../farm/expand.js';
import {
  desiredForwards,
  withForwarderImages,
  withForwarders,
} from '../farm/forwarder-resources.js';
import { desiredConfig } from '../farm/proxy-config.js';
import { desiredNames, resolverInstances, withResolverImage } from '../farm/resolver.js';
import { scaleOf, withScale } from '../farm/scale.js';
import { type Resource, resourceFromRow } from '../model/resource.js';
import type { ContainerSpec, VolumeSpec } from '../model/specs.js';
import { desiredBridges } from './bridge/desired.js';
import { pinnedDependencies } from './container/desired/dependencies.js';
import { desiredContainers } from './container/desired/index.js';
import { instancesOf } from './container/desired/instances.js';
import { leaseAddresses } from './container/desired/leases.js';
import type { Context } from './desired-context.js';
import { desiredHosts, keptPeers, peersOf } from './hosts/desired.js';
import { desiredImages } from './image/desired.js';
import { desiredJobs, jobInstances, withRunsOfJobs } from './job/desired.js';
import { desiredVolumes } from './volume/desired.js';

/** A volume of the stack is filled when it is created, not by the container that mounts it first. */
function withoutSeeds(
  { seeds = [], ...container }: Resource<ContainerSpec>,
  volumes: readonly Resource<VolumeSpec>[],
): Resource<ContainerSpec> {
  const others = seeds.filter((seed) => volumes.every(({ spec }) => spec.path !== seed.path));
  return others.length > 0 ? { ...container, seeds: others } : container;
}

/** Whether a container is not that of a job's runs, which has its name. */
const isNoRun = (jobs: readonly Resource[]) => {
  const names = new Set(jobs.map(({ name }) => name));
  return ({ name }: Resource) => !names.has(name);
};

/**
 * Every resource of the stack as desired, in an order suited to readers. Pure. Throws a UserError
 * with its position for problems that only the state tables reveal: a missing external resource, a
 * subnet in use.
 */
export function desired(raw: Context): Resource[] {
  const input = withRunsOfJobs(raw);
  const { kept = [] } = input;
  const farms = Object.entries(input.config.farms).map(([name, farm]) => {
    const scaled = scaleOf(name, farm, input);
    return { ...expandFarm(name, withScale(farm, scaled)), ...(scaled && { scaled }) };
  });
  const declared = [...instancesOf(input.config, farms), ...jobInstances(input.config)];
  const { bridges: entries } = input.config;
  const instances = [
    ...withForwarders(declared, kept),
    ...egressInstances(entries),
    ...resolverInstances(entries, declared),
  ];
  const context = withResolverImage(withEgressImage(withForwarderImages(input, declared)));
  const images = desiredImages(context);
  const bridges = desiredBridges(context);
  const all = [...instances, ...farms.flatMap(({ spares }) => spares)];
  const leases = leaseAddresses(all, bridges.specs, context);
  const made = desiredContainers(all, images.specs, bridges.specs, leases, context);
  const jobs = desiredJobs(made, context);
  const volumes = desiredVolumes(
    context,
    made.flatMap(({ seeds = [] }) => seeds),
  );
  const named = [...images.resources, ...bridges.resources, ...volumes];
  const { containers, kept: stillUsed } = pinnedDependencies(
    made.filter(isNoRun(jobs)).map((each) => withoutSeeds(each, volumes)),
    new Set(named.map(({ address }) => address)),
    context,
  );
  const peers = peersOf(instances, bridges.specs, leases, context);
  return [
    ...named,
    ...stillUsed,
    ...farms.map((farm) => desiredConfig(farm, containers, leases, context)),
    ...desiredForwards(declared, bridges.specs, leases, context),
    ...desiredNames(peers, context),
    ...desiredHosts([...peers, ...keptPeers(kept)], context),
    ...kept.filter(({ kind }) => kind !== 'hosts').map(resourceFromRow),
    ...containers,
    ...jobs,
  ];
}
