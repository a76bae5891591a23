import { beforeEach, expect, it } from 'vitest';
import { topologyOf } from '../../src/app/topology.js';
import { bridgeLink } from '../../src/model/install-paths.js';
import { severityOf, type Topology } from '../../src/model/topology.js';
import { MemoryStack } from '../support/memory-stack.js';

const FILE = `name: shop
images:
  base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox, httpd, -f] }
bridges:
  alone: { subnet: 10.77.9.0/24, isolated: true }
  back: { subnet: 10.77.2.0/24, isolated: true }
  front: { subnet: 10.77.1.0/24, host: 10.77.1.1 }
  lan: { external: true }
volumes: { data: {}, spare: {} }
containers:
  db: { image: base, bridges: [back], volumes: ["data:/data", "/etc/hostname:/h"] }
  job: { image: base, restart: no }
farms:
  web:
    servers: { image: base, replicas: 2, bridges: [back], port: 80, healthcheck: { tcp: 80 } }
    proxy:
      { image: base, engine: haproxy, publish: [{ host_ip: 127.0.0.1, published: 8080, target: 80, proxy_protocol: true }], bridges: { front: { address: 10.77.1.10 }, back: {}, lan: {} }, listen: 80 }
`;

let stack: MemoryStack;
beforeEach(async () => {
  stack = new MemoryStack();
  await stack.apply('name: other\nbridges: { lan: { uplink: eth1 } }\n');
  await stack.apply(FILE);
});

const look = (): Topology => topologyOf('shop', stack.rows, stack.host.probe(), stack.paths);

it('orders bridges from the host outwards, including those of other stacks', () => {
  expect(look().bridges).toEqual([
    { name: 'front', state: 'up', subnet: '10.77.1.0/24', host: '10.77.1.1', isolated: false },
    { name: 'lan', state: 'up', uplink: 'eth1', isolated: false, owner: 'other' },
    { name: 'back', state: 'up', subnet: '10.77.2.0/24', isolated: true },
    { name: 'alone', state: 'up', subnet: '10.77.9.0/24', isolated: true },
  ]);
});

it('shows farms, addresses and volumes', () => {
  const { stack: name, containers, farms, volumes } = look();
  expect({ name, farms, volumes }).toEqual({
    name: 'shop',
    farms: [{ name: 'web', proxy: 'web-proxy', servers: ['web-server-1', 'web-server-2'] }],
    volumes: ['data', 'spare'],
  });
  expect(containers.map((each) => [each.name, each.tone, each.addresses, each.volumes])).toEqual([
    ['db', 'good', { back: '10.77.2.1' }, ['data']],
    ['forwarder', 'good', {}, []],
    ['job', 'good', {}, []],
    ['web-proxy', 'good', { front: '10.77.1.10', back: '10.77.2.4', lan: null }, []],
    ['web-server-1', 'wait', { back: '10.77.2.2' }, []],
    ['web-server-2', 'wait', { back: '10.77.2.3' }, []],
  ]);
});

it('shows published ports and containers on the host’s network', () => {
  const { containers } = look();
  expect(containers.filter((each) => each.publish.length > 0)).toMatchObject([
    { name: 'web-proxy', publish: [{ host_ip: '127.0.0.1', published: 8080, target: 80 }] },
  ]);
  expect(containers.filter((each) => each.on_host)).toMatchObject([{ name: 'forwarder' }]);
});

it('shows their observed state', () => {
  const { host, paths } = stack;
  host.end('shop.db', 137);
  host.end('shop.job', 0);
  host.removeLink(bridgeLink(paths, 'shop', 'front'));
  const { bridges, containers } = look();
  expect(bridges[0]).toMatchObject({ name: 'front', state: 'missing' });
  expect(containers.filter(({ name }) => name === 'db' || name === 'job')).toMatchObject([
    { name: 'db', status: 'exited', exit_code: 137, tone: 'bad' },
    { name: 'job', status: 'exited', exit_code: 0, tone: 'idle' },
  ]);
});

const LISTED = {
  name: 'web',
  stack: 'shop',
  image: 'base',
  status: 'running' as const,
  addresses: {},
  limits: { pids: 1 },
};
const health = (status: 'starting' | 'healthy' | 'failing' | 'unhealthy') => ({
  health: { status, failures: 0, retries: 3 },
});

it.each([
  [{}, 'good'],
  [health('healthy'), 'good'],
  [health('starting'), 'wait'],
  [health('failing'), 'wait'],
  [health('unhealthy'), 'bad'],
  [{ status: 'paused' as const }, 'wait'],
  [{ status: 'stopped' as const }, 'idle'],
  [{ status: 'exited' as const, exit_code: 0 }, 'idle'],
  [{ status: 'exited' as const, exit_code: 0, halted: 'unhealthy' }, 'bad'],
  [{ status: 'exited' as const, exit_code: 1 }, 'bad'],
  [{ status: 'gone' as const }, 'bad'],
  [{ status: 'missing' as const }, 'bad'],
])('rates %j as %s', (more, tone) => {
  expect(severityOf({ ...LISTED, ...more }, { name: 'no' })).toBe(tone);
});

it('does not rate an unexpected end as ok', () => {
  const ended = { ...LISTED, status: 'exited' as const, exit_code: 0 };
  expect(severityOf(ended, { name: 'always' })).toBe('bad');
  expect(severityOf(ended, { name: 'on-failure' })).toBe('idle');
});
