import { describe, expect, it } from 'vitest';
import { toKubernetes } from '../../src/convert/kubernetes/index.js';
import { toQuadlet } from '../../src/convert/quadlet/index.js';
import type { Converted, ConvertInput } from '../../src/convert/stack.js';
import { toSwarm } from '../../src/convert/swarm/index.js';
import type { UPDATE_KEYS } from '../../src/farm/keys.js';
import type { BRIDGE_KEYS } from '../../src/kinds/bridge/keys.js';
import type { KeyName } from '../../src/kinds/container/keys/types.js';
import type { IMAGE_KEYS } from '../../src/kinds/image/keys.js';
import type { JOB_KEYS } from '../../src/kinds/job/keys.js';
import type { VOLUME_KEYS } from '../../src/kinds/volume/keys.js';
import { inputOf } from './convert.js';

/** A value of each key that is not its default. A new key does not compile without one. */
const CONTAINER: Record<Exclude<KeyName, 'image'>, string> = {
  entrypoint: '[x]',
  command: '[x]',
  replicas: '2',
  bridges: '[n]',
  network_mode: 'service:other',
  pid: 'service:other',
  ipc: 'service:other',
  volumes: '["v:/v"]',
  secrets: '[s]',
  configs: '[t]',
  on_change: 'SIGHUP',
  publish: '["8080:80"], bridges: [n]',
  environment: '{ A: x }',
  user: '"5"',
  group_add: '[5]',
  working_dir: '/x',
  devices: '[/dev/fuse]',
  limits: '{ memory: 64M }',
  restart: 'on-failure',
  healthcheck: '{ exec: [x] }',
  heal: 'immediate',
  depends_on: '[other]',
  init: 'true',
  tty: 'true',
  stdin_open: 'true',
  post_start: '[{ command: [x] }]',
  pre_stop: '[{ command: [x] }]',
  pre_snapshot: '[{ command: [x] }]',
  snapshot_on_change: 'true',
  post_snapshot: '[{ command: [x] }]',
  stop_signal: 'SIGINT',
  stop_grace_period: '33s',
  protect: 'true',
  security: 'unconfined',
  userns: 'auto',
  seccomp: 'unconfined',
  apparmor: 'mine',
  selinux: 'a:b:c:s0',
  cap_add: '[NET_ADMIN]',
  cap_drop: '[CHOWN]',
  read_only: 'true',
  tmpfs: '[/x]',
  shm_size: '65M',
  sysctls: '{ net.core.somaxconn: "5" }',
  ulimits: '{ nofile: 5 }',
  oom_score_adj: '5',
  hostname: 'x',
  domainname: 'x',
  extra_hosts: '["x:10.0.0.1"]',
  dns: '[10.0.0.1]',
  dns_search: '[x]',
  dns_opt: '["ndots:2"]',
  egress: 'false',
  labels: '{ x: y }',
  annotations: '{ x: y }',
  placement: '{ constraints: [node.role == worker], max_per_node: 2 }',
  platform: 'linux/amd64',
  runtime: 'crun',
  wasm: 'true',
  logs: '{ max_size: 5M }',
  develop: '{ watch: [{ path: ., action: restart }] }',
};

const BRIDGE: Record<keyof typeof BRIDGE_KEYS, string> = {
  subnet: '10.8.0.0/24',
  host: '10.9.0.1',
  subnet6: 'fd00:8::/64',
  host6: '"fd00:9::1"',
  isolated: 'true',
  uplink: 'eth0',
  gateway: '10.9.0.1',
  gateway6: '"fd00:9::1"',
  dns: '{ address: 10.9.0.5 }',
  range: '10.9.0.128/25',
  egress: '{ allow: [10.0.0.0/8] }',
  members: 'isolated',
  port_security: 'false',
  protect: 'true',
};

const VOLUME: Record<keyof typeof VOLUME_KEYS, string> = {
  size: '5M',
  owner: '"5:6"',
  mode: '"0750"',
  labels: '{ x: y }',
  snapshots: '{ schedule: "@daily" }',
  backup: '{ repository: /b, password: { file: p } }',
  snapshot_on_change: 'true',
  protect: 'true',
};

const JOB: Record<Exclude<keyof typeof JOB_KEYS, 'schedule'>, string> = {
  timezone: 'Europe/Paris',
  timeout: '5s',
  retries: '3',
  concurrency: 'replace',
  keep_logs: '7',
};

const UPDATE: Record<keyof typeof UPDATE_KEYS, string> = {
  order: 'stop-first',
  parallelism: '2',
  drain: '33s',
  monitor: '5s',
  failure_action: 'continue',
};

const IMAGE: Record<Exclude<keyof typeof IMAGE_KEYS, 'from'>, string> = {
  size: '600M',
  pull: 'always',
  reference: 'registry.example/x',
  copy: '[{ from: ./x, to: /x }]',
  run: '[x]',
  protect: 'true',
};

/**
 * What is the same there, or has no meaning: what ended is started again at once; an image of a registry
 * stays where it is; nodes have no address on a network of pods; a volume is removed by name alone; and a
 * job of Swarm is lost as a whole.
 */
const SAME: Record<string, readonly string[]> = {
  swarm: [
    'containers.c.heal',
    'images.a.reference',
    'volumes.v.protect',
    ...Object.keys(JOB).map((key) => `jobs.j.${key}`),
  ],
  kubernetes: ['containers.c.heal', 'images.a.reference', 'bridges.n.isolated'],
  quadlet: ['containers.c.heal', 'images.a.reference', 'volumes.v.protect'],
};

/** A stack in which one entry has one more key. */
function stackWith(path = '', value = ''): string {
  const key = (of: string) =>
    path.startsWith(`${of}.`) ? `${path.slice(of.length + 1)}: ${value}` : '';
  const bridge = key('bridges.n');
  const isWithoutHost = /^(isolated|gateway)/.test(bridge);
  const [subnet6, host6] = ['subnet6', 'host6'].map((each) => bridge.startsWith(`${each}:`));
  const own = [
    ...(bridge.startsWith('subnet:') ? [] : ['subnet: 10.9.0.0/24']),
    ...(bridge.startsWith('subnet:') || bridge.startsWith('host:') || isWithoutHost
      ? []
      : ['host: auto']),
    ...(subnet6 ? [] : bridge.includes('6:') ? ['subnet6: "fd00:9::/64"'] : []),
    ...(host6 ? [] : []),
    ...(bridge.startsWith('gateway') ? ['uplink: eth1'] : []),
    ...(bridge ? [bridge] : []),
  ];
  return `name: s
images:
  a: { from: { registry: a }, ${key('images.a')} }
bridges:
  n: { ${own.join(', ')} }
volumes:
  v: { ${key('volumes.v')} }
secrets: { s: { file: ./s } }
configs: { t: { content: x } }
containers:
  other: { image: a, ipc: shareable, bridges: [n] }
  c: { image: a, ${key('containers.c')} }
farms:
  f:
    servers: { image: a, port: 80, replicas: 4, bridges: [n] }
    proxy: { image: a, listen: 80, bridges: [n] }
    update: { ${key('farms.f.update')} }
jobs:
  j: { image: a, schedule: "0 4 * * *", ${key('jobs.j')} }
`;
}

/** Members of keys: a value without and one with each. */
const MEMBERS: readonly [path: string, before: string, after: string][] = [
  ...[
    'memory: 64M',
    'memory_reservation: 32M',
    'cpus: 0.5',
    'cpu_shares: 5',
    'cpuset: 0-1',
    'pids: 5',
    'io: [{ device: disk, read_bps: 1M }]',
    'io: [{ device: /dev/vda, write_iops: 5 }]',
    'devices: [{ allow: "c 1:1 r" }]',
    'devices: [{ deny: "c 1:1 r" }]',
    'net_class: 5',
  ].map((each): [string, string, string] => ['containers.c.limits', '{}', `{ ${each} }`]),
  ['containers.c.limits', '{ memory: 64M }', '{ memory: 64M, memory_swap: 65M }'],
  ['containers.c.limits', '{ memory: 64M }', '{ memory: 64M, memory_swappiness: 5 }'],
  ...[
    'interval: 5s',
    'timeout: 7s',
    'retries: 7',
    'start_period: 5s',
    'on_failure: stop',
    'on_failure: none',
  ].map((each): [string, string, string] => {
    return ['containers.c.healthcheck', '{ exec: [x] }', `{ exec: [x], ${each} }`];
  }),
  [
    'containers.c.healthcheck',
    '{ exec: [x], start_period: 5s }',
    '{ exec: [x], start_period: 5s, start_interval: 1s }',
  ],
  ['containers.c.healthcheck', '{ disable: true }', '{ tcp: 80 }'],
  ['containers.c.healthcheck', '{ disable: true }', '{ http: { port: 80 } }'],
  ['containers.c.healthcheck', '{ disable: true }', '{ interval: 5s }'],
  ...['ro', 'nocopy'].map((each): [string, string, string] => {
    return ['containers.c.volumes', '["v:/v"]', `["v:/v:${each}"]`];
  }),
  [
    'containers.c.volumes',
    '["v:/v"]',
    '[{ type: volume, source: v, target: /v, volume: { subpath: x } }]',
  ],
  ['containers.c.volumes', '["./x:/v"]', '[{ type: bind, source: ./x, target: /v, create: true }]'],
  [
    'containers.c.volumes',
    '[]',
    '[{ type: tmpfs, target: /v, tmpfs: { size: 5M, mode: "0700" } }]',
  ],
  ...['target: /x', 'uid: "5"', 'gid: "5"', 'mode: "0400"'].flatMap(
    (each): [string, string, string][] => [
      ['containers.c.secrets', '[s]', `[{ source: s, ${each} }]`],
      ['containers.c.configs', '[t]', `[{ source: t, ${each} }]`],
    ],
  ),
  ...['address: 10.9.0.9', 'mac: "02:00:00:00:00:01"', 'port_security: false', 'aliases: [x]'].map(
    (each): [string, string, string] => ['containers.c.bridges', '[n]', `{ n: { ${each} } }`],
  ),
  ...['user: "5"', 'working_dir: /x', 'environment: { A: x }'].flatMap(
    (each): [string, string, string][] =>
      ['post_start', 'pre_stop'].map((key) => {
        return [`containers.c.${key}`, '[{ command: [x] }]', `[{ command: [x], ${each} }]`];
      }),
  ),
  ...['127.0.0.1:8080:80', '8080:80/udp', '80', '8000-8010:80'].map(
    (each): [string, string, string] => {
      const on = (port: string) => `["${port}"], bridges: [n]`;
      return ['containers.c.publish', on('8080:80'), on(each)];
    },
  ),
  [
    'containers.c.publish',
    '["8080:80"], bridges: [n]',
    '[{ published: 8080, target: 80, proxy_protocol: true }], bridges: [n]',
  ],
  [
    'containers.c.publish',
    '["8080:80"], bridges: [n]',
    '[{ published: 8080, target: 80, socket_activation: true }], bridges: [n]',
  ],
  ['containers.c.depends_on', '[other]', '{ other: { required: false } }'],
  ['containers.c.restart', 'on-failure', 'on-failure:3'],
  ['containers.c.extra_hosts', '[]', '["x:host-gateway"]'],
  ['containers.c.user', '"5"', 'nobody'],
];

const ENGINES: Record<string, (input: ConvertInput) => Converted> = {
  swarm: toSwarm,
  kubernetes: toKubernetes,
  quadlet: toQuadlet,
};

const SECTIONS: [prefix: string, samples: Record<string, string>][] = [
  ['containers.c', CONTAINER],
  ['bridges.n', BRIDGE],
  ['volumes.v', VOLUME],
  ['jobs.j', JOB],
  ['farms.f.update', UPDATE],
  ['images.a', IMAGE],
];

const KEYS = SECTIONS.flatMap(([prefix, samples]) =>
  Object.entries(samples).map(([key, value]): [string, string] => [`${prefix}.${key}`, value]),
);

describe.each(Object.keys(ENGINES))('convert --to %s', (engine) => {
  const convert = ENGINES[engine] as (input: ConvertInput) => Converted;
  const without = convert(inputOf(stackWith()));

  it.each(KEYS)('writes %s or names it as lost', (path, value) => {
    const made = convert(inputOf(stackWith(path, value)));
    const isLost = made.lost.some((each) => each.includes(`: ${path}`));
    const isNoted = made.notes.length > without.notes.length;
    const isWritten = JSON.stringify(made.files) !== JSON.stringify(without.files);
    expect(isLost || isWritten || isNoted).toBe(!SAME[engine]?.includes(path));
  });

  it.each(MEMBERS)('of %s, changes %s to %s or names it as lost', (path, before, after) => {
    const [old, made] = [before, after].map((value) => convert(inputOf(stackWith(path, value))));
    const isLost = JSON.stringify(made?.lost) !== JSON.stringify(old?.lost);
    const isWholeLost = made?.lost.some((each) => each.includes(`: ${path} is lost`));
    const isWritten = JSON.stringify(made?.files) !== JSON.stringify(old?.files);
    expect(isLost || isWholeLost || isWritten).toBe(true);
  });
});
