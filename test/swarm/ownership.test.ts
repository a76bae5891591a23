import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/formats/load.js';
import type { ClusterObject, ClusterSnapshot } from '../../src/host/cluster.js';
import { installPaths } from '../../src/model/install-paths.js';
import type { Resource, Row } from '../../src/model/resource.js';
import { labelsOf } from '../../src/model/swarm.js';
import { buildPlan } from '../../src/plan/build.js';
import { observe } from '../../src/plan/observe.js';
import { desiredInSwarm } from '../../src/swarm/desired/index.js';
import { swarmKinds } from '../../src/swarm/kinds/index.js';
import type { SwarmProbe } from '../../src/swarm/probe.js';
import { rowOf, seenOf } from './support.js';

const FILE = `
name: shop
engine: swarm
images: { db: { from: { registry: registry.example/db:1 } } }
bridges: { back: { subnet: 10.9.0.0/24 } }
secrets: { token: { file: ./token } }
configs: { page: { file: ./page } }
containers:
  db: { image: db, bridges: [back], secrets: [token], configs: [page] }
`;

const paths = installPaths('/root');

function desired(): Resource[] {
  const config = loadConfig({ text: FILE, file: 'baleine.yaml', directory: '/srv/shop', env: {} });
  const fileDigests = { 'secrets.token': 'dd', 'configs.page': 'ee' };
  return desiredInSwarm({ config, rows: [], paths, sources: {}, origins: {}, fileDigests });
}

/** A cluster that has the objects of these resources, with our labels. */
function clusterWith(resources: Resource[]): ClusterSnapshot {
  const of = (kind: Resource['kind']) =>
    resources
      .filter((each) => each.kind === kind)
      .map(({ address, spec }): ClusterObject => {
        const { id } = spec as { id: string };
        return { id, name: id, labels: labelsOf('shop', address) };
      });
  const services = of('service').map((each) => ({ ...seenOf({ Name: each.name }), ...each }));
  const objects = { networks: of('network'), secrets: of('secret'), configs: of('config') };
  return { id: 'c', nodes: [], ...objects, services, images: {} };
}

function planOf(resources: Resource[], rows: Row[], cluster: ClusterSnapshot) {
  const observed = observe(swarmKinds, resources, rows, { cluster } as SwarmProbe, paths, 'shop');
  return buildPlan({ stack: 'shop', resources, rows, observed, kinds: swarmKinds, paths });
}

describe('a stack of the same name that another root has on the swarm', () => {
  it('is in the way of objects of the same names', () => {
    const all = desired();
    expect(() => planOf(all, [], clusterWith(all))).toThrowErrorMatchingInlineSnapshot(`
      [UserError: cannot create network.back: the swarm has a network shop_back of a stack shop of another root
      cannot create secret.token-9b7ecc6eeb: the swarm has a secret shop_token-9b7ecc6eeb of a stack shop of another root
      cannot create config.page-27a84712e4: the swarm has a config shop_page-27a84712e4 of a stack shop of another root
      cannot create service.db: the swarm has a service shop_db of a stack shop of another root]
    `);
    const bare = clusterWith(all);
    for (const each of bare.services) each.labels = {};
    expect(() => planOf(all.slice(-1), [], bare)).toThrow(
      /^cannot create service\.db: the swarm has a service shop_db that baleine has not made$/,
    );
  });

  it('is not removed: only what is recorded is', () => {
    const all = desired();
    const others = clusterWith(all);
    expect(planOf([], [], others).changes).toEqual([]);
    const own: Resource = {
      ...{ address: 'network.mine', kind: 'network', name: 'mine', needs: [], protect: false },
      spec: { id: 'shop_mine', stack: 'shop', isolated: false, encrypted: false },
    };
    const both = clusterWith([...all, own]);
    const removed = planOf([], [rowOf(own)], both).units.flatMap(({ steps }) => steps);
    expect(removed.map(({ verb, args }) => ({ verb, args }))).toEqual([
      { verb: 'network.remove', args: { id: 'shop_mine' } },
    ]);
    expect(planOf(all, all.map(rowOf), others).changes.map(({ action }) => action)).not.toContain(
      'create',
    );
  });
});
