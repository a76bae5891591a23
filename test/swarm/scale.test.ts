import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/formats/load.js';
import { installPaths } from '../../src/model/install-paths.js';
import type { Resource, Row } from '../../src/model/resource.js';
import type { ServiceSpec } from '../../src/model/swarm.js';
import { toApi } from '../../src/swarm/api-service.js';
import { desiredInSwarm } from '../../src/swarm/desired/index.js';
import { service } from '../../src/swarm/kinds/service.js';
import { rowOf, seenOf } from './support.js';

const file = (replicas: number) => `
name: shop
engine: swarm
images: { box: { from: { host: { binaries: [/bin/busybox] } } } }
bridges: { back: { subnet: 10.9.0.0/24 } }
containers:
  worker: { image: box, replicas: ${replicas} }
farms:
  web:
    servers: { image: box, replicas: ${replicas}, port: 80, bridges: [back] }
    proxy: { image: box, engine: haproxy, listen: 80, bridges: [back] }
`;

function services(replicas: number, rows: Row[] = [], scale: Record<string, number> = {}) {
  const directory = '/srv/shop';
  const config = loadConfig({ text: file(replicas), file: 'baleine.yaml', directory, env: {} });
  const paths = installPaths('/root');
  const all = desiredInSwarm({ config, rows, paths, scale, sources: {}, origins: {} });
  const named = (name: string) =>
    all.find(({ address }) => address === `service.${name}`) as Resource<ServiceSpec>;
  return { worker: named('worker'), servers: named('web-server') };
}

const numberOf = ({ spec }: Resource<ServiceSpec>) => [spec.replicas, spec.scaled];

describe('a scaled service of a swarm', () => {
  it('keeps its number until the file has another one', () => {
    const { worker, servers } = services(2, [], { worker: 5, web: 0 });
    expect(numberOf(worker)).toEqual([5, { file: 2, servers: 5 }]);
    expect(numberOf(servers)).toEqual([0, { file: 2, servers: 0 }]);
    const rows = [worker, servers].map(rowOf);
    expect(numberOf(services(2, rows).worker)).toEqual([5, { file: 2, servers: 5 }]);
    expect(numberOf(services(2, rows).servers)).toEqual([0, { file: 2, servers: 0 }]);
    expect(numberOf(services(3, rows).worker)).toEqual([3, undefined]);
    expect(numberOf(services(2, rows, { worker: 2 }).worker)).toEqual([2, undefined]);
  });

  it('that runs once on each node has no number', () => {
    const config = loadConfig({
      text: file(1).replace('replicas: 1 }', 'placement: { each_node: true } }'),
      ...{ file: 'baleine.yaml', directory: '/srv/shop', env: {} },
    });
    const paths = installPaths('/root');
    const scale = { worker: 3 };
    const all = desiredInSwarm({ config, rows: [], paths, scale, sources: {}, origins: {} });
    const worker = all.find(({ address }) => address === 'service.worker');
    expect(numberOf(worker as Resource<ServiceSpec>)).toEqual(['per node', undefined]);
  });

  it('is one by its number alone, and says so in plans', () => {
    const { worker } = services(2, [], { worker: 5 });
    const row = rowOf(worker);
    const api = toApi(worker.address, worker.spec, 'box');
    expect(api.Mode).toEqual({ Replicated: { Replicas: 5 } });
    expect(JSON.stringify(api)).not.toContain('scaled');
    const seen = seenOf(api);
    expect(service.compare(worker, row, seen)).toEqual([]);
    expect(service.note?.(worker, row, seen)).toBe(
      'is scaled to 5 by `baleine scale`; the file has 2',
    );
    const reasons = (after: Resource<ServiceSpec>) =>
      service.compare(after, row, seen).map(({ reason }) => reason);
    expect(reasons(services(5).worker)).toEqual(['scaled as in the file']);
    expect(reasons(services(3).worker)).toEqual(['replicas 5 → 3']);
  });
});
