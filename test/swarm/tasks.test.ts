import { describe, expect, it } from 'vitest';
import type { ContainerLogPart } from '../../src/app/follow-logs.js';
import type { SwarmContext } from '../../src/app/swarm/context.js';
import { listFarms, taskLogs } from '../../src/app/swarm/tasks.js';
import type { ClusterLogLine, ClusterService, ClusterTask } from '../../src/host/cluster.js';
import { labelsOf } from '../../src/model/swarm.js';
import { farmTaskTables } from '../../src/view/task-table.js';

const NOW = Date.parse('2026-03-01T08:00:00Z');

const service = (name: string, desired: number, stack = 'shop'): ClusterService => ({
  ...{ id: `id-${name}`, name: `${stack}_${name}`, labels: labelsOf(stack, `service.${name}`) },
  ...{ version: 1, spec: {}, desired, running: desired },
});

const task = (of: string, slot: number, node: string, more: Partial<ClusterTask> = {}) => ({
  ...{ id: `${of}.${slot}.${node}`, service: `id-${of}`, slot, node, state: 'running', spec: {} },
  ...{ desired: 'running', image: 'baleine/shop-web:1', at: NOW - 60_000, ports: [] },
  ...more,
});

const LINES: ClusterLogLine[] = ['one', 'two'].map((text) => ({
  ...{ task: 'web-server.1.a', node: 'a', time: '2026-03-01T07:00:00Z', stream: 'stdout', text },
}));

/** A swarm whose node `b` is down. */
const swarm = {
  cluster: {
    look: async () => ({
      services: [service('web-server', 2), service('web-proxy', 2), service('x', 1, 'other')],
      nodes: [
        { name: 'a', state: 'ready' },
        { name: 'b', state: 'down' },
      ],
    }),
    tasks: async () => [
      task('web-server', 1, 'a'),
      task('web-server', 2, 'b'),
      task('web-server', 2, 'a', { state: 'failed', desired: 'shutdown', error: 'exit (1)' }),
      task('web-proxy', 0, 'a', { ports: ['*:80->80/tcp'] }),
      task('web-proxy', 0, 'b'),
    ],
    logs: async function* () {
      yield* LINES;
    },
  },
} as unknown as SwarmContext;

describe('the tasks of a farm on a swarm', () => {
  it('are those of its servers and its proxy; what a node that is down ran does not count', async () => {
    const farms = await listFarms(swarm, 'shop', ['web', 'new']);
    expect(`\n${farmTaskTables(farms, NOW)}`).toMatchInlineSnapshot(`
      "
      farm web: 1 of 2 servers run, 1 of 2 proxies (web-proxy)
      NAME          IMAGE               NODE      STATE    FOR  PUBLISHED
      web-server.1  baleine/shop-web:1  a         running  1m   -
      web-server.2  baleine/shop-web:1  b (down)  running  1m   -
      web-proxy.a   baleine/shop-web:1  a         running  1m   *:80->80/tcp
      web-proxy.b   baleine/shop-web:1  b (down)  running  1m   -

      farm new: 0 of 0 servers run, 0 of 0 proxies (new-proxy)
      NAME  IMAGE  NODE  STATE  FOR  PUBLISHED
      "
    `);
    expect(farms[0]?.servers[1]).toMatchObject({ node: 'b', node_state: 'down', state: 'running' });
    expect(farms[1]).toEqual({
      ...{ name: 'new', stack: 'shop', proxy: 'new-proxy', servers: [], proxies: [] },
      desired: { servers: 0, proxies: 0 },
    });
  });
});

describe('the output of tasks', () => {
  it('is a line each, with the name of its task', async () => {
    const parts: ContainerLogPart[] = [];
    for await (const each of taskLogs(swarm, 'shop', ['web-server'], {})) parts.push(...each);
    expect(
      parts.map(({ container, bytes }) => `${container} ${JSON.stringify(`${bytes}`)}`),
    ).toEqual(['web-server.1 "one"', 'web-server.1 "two"']);
  });
});
