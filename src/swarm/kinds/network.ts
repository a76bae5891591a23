import type { ClusterHost } from '../../host/cluster.js';
import type { Kind } from '../../kinds/kind.js';
import { labelsOf, type NetworkSpec } from '../../model/swarm.js';
import { named, notOurs } from './objects.js';

interface NetworkVerbs {
  'network.create': NetworkSpec & { labels: Record<string, string> };
  'network.remove': { id: string };
}

/** An overlay network of the cluster. One that is to be another has another name. */
export const network: Kind<NetworkSpec, unknown, true, NetworkVerbs> = {
  name: 'network',
  table: { file: 'networks.csv', columns: [{ header: 'ID', value: ({ spec }) => spec.id }] },
  identity: ({ id }) => id,
  observe: ({ id }, _facts, probe) => (named(probe, 'networks', id) ? true : undefined),
  assume: () => true,
  foreign: ({ id }, probe) => notOurs(probe, 'networks', id),
  compare: () => [],
  create: ({ address, spec }, reason) => [
    { verb: 'network.create', args: { ...spec, labels: labelsOf(spec.stack, address) }, reason },
  ],
  update: () => [],
  remove: ({ spec: { id } }, reason) => [{ verb: 'network.remove', args: { id }, reason }],
  handlers: async (host) => {
    const { cluster } = host as ClusterHost;
    return {
      'network.create': {
        one: async ({ id, isolated, encrypted, labels }) => {
          await cluster.createNetwork({ name: id, labels, internal: isolated, encrypted });
          return undefined;
        },
      },
      'network.remove': {
        waits: true,
        one: async ({ id }) => {
          await cluster.remove('network', id);
          return undefined;
        },
      },
    };
  },
};
