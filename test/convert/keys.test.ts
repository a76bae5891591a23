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
  platform: 'linux/amd64',
  runtime: 'crun',
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
});
