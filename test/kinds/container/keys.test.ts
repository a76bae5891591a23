import { describe, expect, it } from 'vitest';
import { compare } from '../../../src/kinds/container/compare.js';
import { KEYS } from '../../../src/kinds/container/keys/index.js';
import type { AnyKey, KeyName } from '../../../src/kinds/container/keys/types.js';
import type { ContainerSeen } from '../../../src/kinds/container/observe.js';
import type { Resource, Row } from '../../../src/model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../../../src/model/specs.js';
import { MemoryStack } from '../../support/memory-stack.js';

/** Two values of each key as the file has them; a new key does not compile without. */
const SAMPLES: Record<KeyName, readonly [before: unknown, after: unknown]> = {
  image: ['base', 'other'],
  entrypoint: [['busybox'], ['busybox', 'sh']],
  command: [
    ['sleep', '1'],
    ['sleep', '2'],
  ],
  develop: [
    undefined,
    { watch: [{ path: './src', action: 'sync', target: '/srv', ignore: '*.o' }] },
  ],
  replicas: [2, 3],
  bridges: [['front'], ['front', 'back']],
  network_mode: [null, 'service:peer'],
  pid: [null, 'service:peer'],
  ipc: ['private', 'none'],
  volumes: [['data:/data'], ['data:/data:ro']],
  secrets: [['token'], [{ source: 'token', target: 'other' }]],
  configs: [['motd'], ['motd', { source: 'motd', target: '/etc/motd', mode: '0440' }]],
  on_change: ['restart', 'HUP'],
  publish: [[], ['0.0.0.0:8080:80']],
  environment: [{ A: '1' }, { A: '2' }],
  user: ['1:1', '2:2'],
  group_add: [[], [44, 'video']],
  working_dir: ['/a', '/b'],
  devices: [['/dev/fuse'], ['/dev/fuse:/dev/other:rw']],
  limits: [{ memory: '64M' }, { memory: '65M' }],
  restart: ['always', 'on-failure:3'],
  placement: [{ max_per_node: 1 }, { constraints: ['node.role == worker'], each_node: true }],
  healthcheck: [{ tcp: 80 }, { tcp: 81 }],
  heal: ['cron', 'immediate'],
  depends_on: [[], { peer: { condition: 'service_completed_successfully' } }],
  init: [false, true],
  tty: [false, true],
  stdin_open: [false, true],
  post_start: [[], [{ command: 'true', user: '1:1' }]],
  pre_snapshot: [undefined, [{ command: ['sync'] }]],
  snapshot_on_change: [false, { keep: 2 }],
  post_snapshot: [[{ command: ['a'] }], [{ command: ['b'] }]],
  pre_stop: [
    [{ command: ['a'] }],
    [{ command: ['a'], environment: ['A=1'], working_dir: '/', privileged: false }],
  ],
  stop_signal: ['TERM', 'INT'],
  stop_grace_period: ['10s', '11s'],
  protect: [false, true],
  security: ['default', 'unconfined'],
  userns: ['host', 'auto'],
  seccomp: [null, 'unconfined'],
  apparmor: ['a', 'b'],
  selinux: ['a:b:c', 'a:b:d'],
  cap_add: [[], ['net_admin']],
  cap_drop: [[], ['all']],
  read_only: [false, true],
  tmpfs: ['/a', '/b'],
  shm_size: ['1M', '2M'],
  sysctls: [{}, ['net.core.somaxconn=10']],
  ulimits: [{ nofile: 10 }, { nofile: { soft: 10, hard: -1 } }],
  oom_score_adj: [0, 500],
  hostname: ['a', 'b'],
  domainname: ['a', 'b'],
  extra_hosts: [[], ['other:10.0.0.1']],
  dns: ['10.0.0.1', ['10.0.0.2']],
  dns_search: ['a', ['a', 'b']],
  dns_opt: [['ndots:1'], ['ndots:2']],
  egress: [null, false],
  labels: [{ a: '1' }, { a: '2' }],
  annotations: [{ a: '1' }, { a: '2' }],
  platform: ['linux/amd64', 'linux/arm64'],
  runtime: ['crun', 'runc'],
  wasm: [false, 'wasmedge'],
  logs: [{ max_size: '5M' }, { max_size: '6M' }],
};

const NAMES = Object.keys(SAMPLES) as KeyName[];

/** A stack of one service that has one value of one key. */
function file(key: KeyName, value: unknown): string {
  const from = { host: { binaries: ['/bin/busybox'] } };
  const image = { size: '64M', from, command: ['busybox'] };
  return JSON.stringify({
    name: 'one',
    images: { base: image, other: { ...image, size: '128M' } },
    bridges: {
      front: { subnet: '10.77.1.0/24', host: '10.77.1.1', egress: true },
      back: { subnet: '10.77.2.0/24' },
    },
    volumes: { data: {} },
    secrets: { token: { environment: 'TOKEN' } },
    configs: { motd: { content: 'hi' } },
    containers: {
      peer: { image: 'base', restart: 'no' },
      web: {
        image: 'base',
        bridges: key === 'network_mode' ? [] : ['front'],
        ...(value !== null && { [key]: value }),
      },
    },
  });
}

/** Keys that only a command reads. */
const FOR_COMMANDS: readonly KeyName[] = ['develop', 'placement'];

it.each(FOR_COMMANDS)('%s changes no plan', async (key) => {
  const [before, after] = SAMPLES[key];
  const stack = new MemoryStack();
  await stack.apply(file(key, before));
  expect(stack.plan(file(key, after)).changes).toEqual([]);
});

describe('a changed key is a change of the plan', () => {
  it.each(NAMES.filter((each) => !FOR_COMMANDS.includes(each)))('%s', async (key) => {
    const [before, after] = SAMPLES[key];
    const stack = new MemoryStack();
    await stack.apply(file(key, before));
    expect(stack.plan(file(key, before)).changes).toEqual([]);
    const changed = stack.plan(file(key, after)).changes.map(({ address }) => address);
    expect(changed).toContainEqual(expect.stringMatching(/^container\.web/));
  });
});

const RECORDED = Object.entries<AnyKey>(KEYS).filter(([, { kind }]) => kind !== 'unrecorded');

/** A running container of which nothing differs but what a test changes. */
function differences(key: KeyName, attribute: string) {
  const [before, after] = SAMPLES[key].map((value) => specOf(key, value));
  const changed = { ...before, [attribute]: after?.[attribute as keyof ContainerSpec] };
  const row = { kind: 'container', spec: before, facts: { pid: 1 } } as Row<
    ContainerSpec,
    ContainerFacts
  >;
  const seen = { running: true, limits: before?.limits, devicesLive: true } as ContainerSeen;
  return compare({ spec: changed } as Resource<ContainerSpec>, row, {
    ...seen,
    disk: true,
    mounted: true,
    netns: true,
    monitored: true,
    deadMounts: [],
    stray: [],
    links: new Map(),
  } as ContainerSeen);
}

function specOf(key: KeyName, value: unknown): ContainerSpec {
  const { resources } = new MemoryStack().desired(file(key, value), {});
  const found = resources.find(({ address }) => address === 'container.web');
  return found?.spec as ContainerSpec;
}

it.each(RECORDED.filter(([, { change }]) => change !== 'none'))(
  'a changed attribute of %s alone is a difference under its name',
  (name, { as = name, change }) => {
    const found = differences(name as KeyName, as).filter(({ cause }) => cause === 'file');
    expect(found.map(({ attribute }) => attribute.split('.')[0])).toEqual([name]);
    const effect = { replace: 'replace', update: 'update', record: 'update' }[change as string];
    if (effect) expect(found.map((each) => each.effect)).toEqual([effect]);
  },
);
