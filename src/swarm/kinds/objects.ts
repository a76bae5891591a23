import type { ClusterObject, ClusterService, ClusterSnapshot } from '../../host/cluster.js';
import type { Probe } from '../../host/ports.js';
import { STACK } from '../../model/swarm.js';
import type { SwarmProbe } from '../probe.js';

type Section = 'networks' | 'secrets' | 'configs' | 'services';
type Found<S extends Section> = S extends 'services' ? ClusterService : ClusterObject;

export const clusterIn = (probe: Probe): ClusterSnapshot => (probe as SwarmProbe).cluster;

/** The object of a name; undefined if the cluster has none. */
export function named<S extends Section>(probe: Probe, section: S, name: string) {
  return byName(clusterIn(probe)[section]).get(name) as Found<S> | undefined;
}

/** Indexed, because each resource looks for its own. */
function byName(objects: readonly ClusterObject[]): Map<string, ClusterObject> {
  const known = indexes.get(objects) ?? new Map(objects.map((each) => [each.name, each]));
  indexes.set(objects, known);
  return known;
}

const indexes = new WeakMap<readonly ClusterObject[], Map<string, ClusterObject>>();

/**
 * Why an object that is not recorded cannot be made: there is one of its name. Even one with our labels
 * is somebody else's: of a stack of that name in another root, which may be on another host.
 */
export function notOurs(probe: Probe, section: Section, name: string): string | undefined {
  const found = named(probe, section, name);
  if (!found) return undefined;
  const what = `${section.slice(0, -1)} ${name}`;
  const { [STACK]: stack } = found.labels;
  return stack === undefined
    ? `the swarm has a ${what} that baleine has not made`
    : `the swarm has a ${what} of a stack ${stack} of another root`;
}
