import type { ClusterObject, ClusterService, ClusterSnapshot } from '../../host/cluster.js';
import type { Probe } from '../../host/ports.js';
import { parseAddress } from '../../model/address.js';
import { ADDRESS, STACK } from '../../model/swarm.js';
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

/** Why an object of this name cannot be made: there is one that is not baleine's. */
export function notOurs(probe: Probe, section: Section, name: string): string | undefined {
  const found = named(probe, section, name);
  if (!found || found.labels[STACK] !== undefined) return undefined;
  return `the swarm has a ${section.slice(0, -1)} ${name} that baleine has not made`;
}

/** What carries our labels, of any stack. */
export function owned(probe: Probe, section: Section) {
  return clusterIn(probe)[section].flatMap(({ name: id, labels }) => {
    const { [STACK]: stack, [ADDRESS]: address = '' } = labels;
    const name = parseAddress(address)?.name;
    return stack === undefined || name === undefined ? [] : [{ stack, name, id }];
  });
}
