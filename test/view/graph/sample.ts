import type { ContainerNode, Severity, Topology } from '../../../src/model/topology.js';

const NOTHING = { volumes: [], publish: [], on_host: false };

export function node(
  name: string,
  addresses: ContainerNode['addresses'],
  more: Partial<ContainerNode> = {},
): ContainerNode {
  const tone: Severity = 'good';
  const limits = { pids: 2048 };
  const common = { stack: 'shop', image: 'base', status: 'running' as const };
  return { name, ...common, addresses, limits, tone, ...NOTHING, ...more };
}

/** A farm behind its proxy, a database with a volume, a job that is done. */
export const SHOP: Topology = {
  stack: 'shop',
  bridges: [
    {
      name: 'front',
      state: 'up',
      subnet: '10.77.1.0/24',
      host: '10.77.1.1',
      isolated: false,
    },
    { name: 'lan', state: 'up', uplink: 'eth"1', isolated: false, owner: '-' },
    { name: 'back', state: 'missing', subnet: '10.77.2.0/24', isolated: true },
  ],
  containers: [
    node('db', { back: '10.77.2.9' }, { volumes: ['data'], image: 'postgres' }),
    node('forwarder', {}, { on_host: true, image: 'forwarder' }),
    node('job', {}, { status: 'exited', exit_code: 0, tone: 'idle' }),
    node(
      'web-proxy',
      { front: '10.77.1.10', lan: null, back: '10.77.2.1' },
      {
        health: { status: 'healthy', failures: 0, retries: 3 },
        publish: [
          { host_ip: '0.0.0.0', published: 8080, target: 80 },
          { host_ip: '127.0.0.1', published: 8443, target: 443 },
        ],
      },
    ),
    node('web-server-1', { back: '10.77.2.2' }),
    node(
      'web-server-2',
      { back: '10.77.2.3' },
      { status: 'exited', exit_code: 137, out_of_memory: true, tone: 'bad' },
    ),
  ],
  farms: [{ name: 'web', proxy: 'web-proxy', servers: ['web-server-1', 'web-server-2'] }],
  volumes: ['data', 'spare'],
};

export const EMPTY: Topology = {
  stack: 'nothing',
  bridges: [],
  containers: [],
  farms: [],
  volumes: [],
};

/** So many servers behind one proxy, on a bridge of their own. */
export function bigFarm(count: number): Topology {
  const servers = Array.from({ length: count }, (_, index) => `web-server-${index + 1}`);
  const proxy = node('web-proxy', { front: '10.77.1.10', back: '10.77.2.1' });
  return {
    ...SHOP,
    bridges: SHOP.bridges.filter(({ name }) => name !== 'lan'),
    containers: [
      proxy,
      ...servers.map((name, index) => node(name, { back: `10.77.2.${index + 2}` })),
    ],
    farms: [{ name: 'web', proxy: 'web-proxy', servers }],
    volumes: [],
  };
}
