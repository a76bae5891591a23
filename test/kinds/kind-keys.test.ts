import { describe, expect, it } from 'vitest';
import type { PROXY_KEYS, SERVER_KEYS, UPDATE_KEYS } from '../../src/farm/keys.js';
import type { BRIDGE_KEYS } from '../../src/kinds/bridge/keys.js';
import { type IMAGE_CONFIG_KEYS, type IMAGE_KEYS, SOURCES } from '../../src/kinds/image/keys.js';
import type { JOB_KEYS } from '../../src/kinds/job/keys.js';
import type { VOLUME_KEYS } from '../../src/kinds/volume/keys.js';
import { MemoryStack } from '../support/memory-stack.js';

/** Two values of a key as the file has them, and the resource that a change of it changes. */
type Sample = readonly [before: unknown, after: unknown, changes: string | undefined];
/** A new key does not compile without. */
type Samples<Keys> = Record<keyof Keys, Sample>;

const NOTHING = undefined;

const BRIDGE: Samples<typeof BRIDGE_KEYS> = {
  subnet: ['10.0.0.0/24', '10.0.0.0/16', 'bridge.net'],
  host: [undefined, '10.0.0.1', 'bridge.net'],
  subnet6: [undefined, 'fd00:1::/64', 'bridge.net'],
  host6: [undefined, 'fd00::1', 'bridge.net'],
  isolated: [false, true, 'bridge.net'],
  uplink: [undefined, 'eth1', 'bridge.net'],
  gateway: [undefined, '10.0.0.254', 'bridge.net'],
  gateway6: [undefined, 'fe80::1', 'bridge.net'],
  dns: ['10.0.0.9', ['10.0.0.9', '10.0.0.8'], 'bridge.net'],
  range: [undefined, '10.0.0.64/26', 'bridge.net'],
  egress: [false, true, 'bridge.net'],
  members: ['connected', 'isolated', 'bridge.net'],
  port_security: [true, false, 'bridge.net'],
  protect: [false, true, 'bridge.net'],
};

const VOLUME: Samples<typeof VOLUME_KEYS> = {
  size: ['1G', '2G', 'volume.data'],
  snapshots: [
    { schedule: '0 3 * * *' },
    { schedule: '0 4 * * *', keep: { daily: 2 } },
    'volume.data',
  ],
  backup: [
    { repository: '/srv/backup', password: { file: './pw' } },
    { repository: '/srv/backup', password: { file: './pw' }, schedule: '@daily' },
    'volume.data',
  ],
  snapshot_on_change: [false, true, 'volume.data'],
  owner: [undefined, '999:999', 'volume.data'],
  mode: ['0750', '0700', 'volume.data'],
  labels: [{ a: '1' }, { a: '2' }, 'volume.data'],
  protect: [false, true, 'volume.data'],
};

const JOB: Samples<typeof JOB_KEYS> = {
  schedule: ['@daily', '@hourly', 'job.tidy'],
  timezone: [undefined, 'Europe/Paris', 'job.tidy'],
  timeout: [undefined, '10m', 'job.tidy'],
  retries: [0, 1, 'job.tidy'],
  concurrency: ['forbid', 'replace', 'job.tidy'],
  keep_logs: [5, 6, 'job.tidy'],
};

const HOST = { host: { binaries: ['/bin/busybox'] } };

const IMAGE: Samples<typeof IMAGE_KEYS & typeof IMAGE_CONFIG_KEYS> = {
  size: ['64M', '65M', 'image.base'],
  from: [HOST, { debian: { suite: 'bookworm' } }, 'image.base'],
  // says when to look, not what is wanted
  pull: ['missing', 'always', NOTHING],
  // says where a copy goes
  reference: [undefined, 'team/app:1', NOTHING],
  copy: [[], [{ from: '/etc/hostname', to: '/srv/' }], 'image.base'],
  run: [[], ['true'], 'image.base'],
  protect: [false, true, 'image.base'],
  entrypoint: [['busybox'], ['busybox', 'sh'], 'image.base'],
  command: [['a'], ['b'], 'image.base'],
  environment: [{ A: '1' }, { A: '2' }, 'image.base'],
  user: ['1', '2', 'image.base'],
  working_dir: ['/a', '/b', 'image.base'],
};

const PROXY: Samples<typeof PROXY_KEYS> = {
  // has one value
  engine: ['haproxy', 'haproxy', NOTHING],
  listen: [80, 81, 'config.shop-proxy'],
  mode: ['http', 'tcp', 'config.shop-proxy'],
  balance: ['roundrobin', 'leastconn', 'config.shop-proxy'],
  sticky: [undefined, 'cookie', 'config.shop-proxy'],
  tls: [undefined, { certificate: '/etc/hostname' }, 'config.shop-proxy'],
  stats: [undefined, 8404, 'config.shop-proxy'],
  access_log: [false, true, 'config.shop-proxy'],
  snippets: [{}, { backend: 'timeout queue 1s' }, 'config.shop-proxy'],
};

const SERVERS: Samples<typeof SERVER_KEYS> = { port: [80, 81, 'config.shop-proxy'] };

const UPDATE: Samples<typeof UPDATE_KEYS> = {
  // the spare leaves the configuration
  order: ['start-first', 'stop-first', 'config.shop-proxy'],
  // read by the plan that replaces servers, not recorded
  parallelism: [1, 2, NOTHING],
  drain: ['10s', '11s', 'container.shop-server-1'],
  monitor: ['0s', '1s', 'container.shop-server-1'],
  failure_action: ['pause', 'continue', NOTHING],
};

type Part = 'job' | 'bridge' | 'volume' | 'image' | 'proxy' | 'servers' | 'update';

const ALL: [Part, Record<string, Sample>][] = [
  ['bridge', BRIDGE],
  ['volume', VOLUME],
  ['job', JOB],
  ['image', IMAGE],
  ['proxy', PROXY],
  ['servers', SERVERS],
  ['update', UPDATE],
];

/** A farm with one part that has one value of one key. */
function file(part: Part, key: string, value: unknown): string {
  // name servers of a bridge belong to its gateway
  const gateway = key === 'dns' ? { gateway: '10.0.0.254' } : {};
  const subnet6 = /^(host|gateway)6$/.test(key) ? { subnet6: 'fd00::/64' } : {};
  const more = (name: Part) => (name === part && value !== undefined ? { [key]: value } : {});
  return JSON.stringify({
    name: 'one',
    images: {
      web: { size: '64M', from: HOST, command: ['busybox'] },
      base: { size: '64M', from: HOST, command: ['busybox'], ...more('image') },
    },
    bridges: {
      net: { subnet: '10.0.0.0/24', ...gateway, ...subnet6, ...more('bridge') },
      back: { subnet: '10.1.0.0/24' },
    },
    volumes: { data: more('volume') },
    jobs: { tidy: { schedule: '@weekly', image: 'web', ...more('job') } },
    farms: {
      shop: {
        servers: { image: 'web', bridges: ['back'], port: 80, ...more('servers') },
        proxy: { image: 'web', bridges: ['back'], listen: 80, ...more('proxy') },
        update: more('update'),
      },
    },
  });
}

describe.each(ALL)('a changed key of %s', (part, samples) => {
  it.each(Object.entries(samples))('%s', async (key, [before, after, changes]) => {
    const stack = new MemoryStack();
    await stack.apply(file(part, key, before));
    expect(stack.plan(file(part, key, before)).changes).toEqual([]);
    const changed = stack.plan(file(part, key, after)).changes.map(({ address }) => address);
    if (changes === NOTHING) expect(changed).toEqual([]);
    else expect(changed).toContain(changes);
  });
});

it('every source of an image has a schema and is read', () => {
  for (const { schema, read } of Object.values(SOURCES)) {
    expect(Object.keys(schema)).not.toEqual([]);
    expect(read).toBeTypeOf('function');
  }
});
