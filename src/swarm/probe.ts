import type { ClusterSnapshot } from '../host/cluster.js';
import type { Probe } from '../host/ports.js';

/** What the kinds of a swarm observe: the cluster, and on this host the images that are made here. */
export interface SwarmProbe extends Probe {
  cluster: ClusterSnapshot;
}
