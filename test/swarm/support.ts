import type { ApiService, ClusterService } from '../../src/host/cluster.js';
import type { Resource, Row } from '../../src/model/resource.js';
import type { ServiceFacts } from '../../src/model/swarm.js';

/** The row of a resource that was applied. */
export const rowOf = <Spec>({
  kind,
  name,
  spec,
  needs,
  protect,
}: Resource<Spec>): Row<Spec, ServiceFacts> => ({
  ...{ kind, name, spec, needs, protect, stack: 'shop', status: 'ready', facts: {} },
});

/** A service that the cluster has, with all of its tasks. */
export const seenOf = (spec: ApiService): ClusterService => ({
  ...{ id: 's', name: String(spec.Name), labels: {}, version: 1, spec, desired: 1, running: 1 },
});
