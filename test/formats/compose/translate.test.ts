import { describe, expect, it } from 'vitest';
import { problems, read } from '../project/stack.js';

/** A file of one service with these keys from line 5, and more sections. */
const file = (keys: string, more = '') => ({
  'compose.yaml': `name: shop\nservices:\n  web:\n    image: x\n    ${keys}\n${more}`,
});
const containerOf = (keys: string, more = '') => read(file(keys, more)).root.containers.web;

it('a placement is kept for a swarm', () => {
  const deploy = `deploy:
      placement:
        constraints: [node.role == worker]
        preferences: [{ spread: node.labels.zone }]
        max_replicas_per_node: 2`;
  expect(containerOf(deploy).placement).toEqual({
    constraints: ['node.role == worker'],
    spread: ['node.labels.zone'],
    max_per_node: 2,
  });
  expect(containerOf('deploy: { mode: global }').placement).toEqual({ each_node: true });
  expect(containerOf('deploy: { replicas: 2 }').placement).toBeUndefined();
});

it('a mount without a source is a volume of its service, which volumes_from shares', () => {
  const { volumes, containers } = read({
    'compose.yaml':
      'name: s\nservices:\n  a: { image: x, volumes: [/data] }\n  b: { image: x, volumes_from: [a:ro] }\n',
  }).root;
  const [name = ''] = Object.keys(volumes);
  expect(name).toMatch(/^a-[0-9a-f]{8}$/);
  const mount = { type: 'volume', source: name, target: '/data' };
  expect(containers.a.volumes).toEqual([mount]);
  expect(containers.b.volumes).toEqual([{ ...mount, read_only: true }]);
  expect(problems(file('volumes: [/data]\n    scale: 2'))).toEqual([
    expect.stringContaining('compose.yaml:5:15: replicas have no volumes without a name'),
  ]);
});

it('an argument of a build without a value is a variable of the shell or .env', () => {
  const argsOf = (args: string) =>
    read(
      {
        'compose.yaml': `services: { web: { build: { context: ., args: ${args} } } }`,
        '.env': 'B=2',
      },
      { env: { A: '1' } },
    ).root.images.web.from.dockerfile.args;
  expect(argsOf('[A, B, C, D=3]')).toEqual({ A: '1', B: '2', D: '3' });
  expect(argsOf('{ A: , C: , D: 3 }')).toEqual({ A: '1', D: 3 });
});

it('what a list repeats counts once, and the later one of two counts', () => {
  const files = file(
    'environment: [A=1, A=1, A=2, B]\n    cap_add: [KILL, KILL]\n    ports: ["1:1", "1:1"]',
  );
  const found = read(files, { env: { B: 'b' } });
  expect(found.root.containers.web).toMatchObject({
    environment: { A: '2', B: 'b' },
    cap_add: ['KILL'],
    publish: [{ published: 1, target: 1 }],
  });
  expect(found.warnings).toEqual([
    'compose.yaml:5:24: environment has A twice: the later one counts',
  ]);
  const mounts = read(file('volumes: ["./a:/x", "./b:/x"]'));
  expect(mounts.root.containers.web.volumes).toMatchObject([{ source: './b' }]);
  expect(mounts.warnings).toEqual([expect.stringContaining('volumes has ./a:/x twice')]);
});

it('a namespace of a container of this file is one of its service', () => {
  const shared = 'network_mode: container:door\n    pid: container:door\n    ipc: container:other';
  const door = '  vpn: { image: x, container_name: door, ipc: shareable }\n';
  expect(containerOf(shared, door)).toMatchObject({
    network_mode: 'service:vpn',
    pid: 'service:vpn',
    ipc: 'container:other',
  });
});

it('rules of devices are limits, beside device files', () => {
  expect(containerOf('device_cgroup_rules: ["c 10:229 rwm"]').limits).toEqual({
    devices: [{ allow: 'c 10:229 rwm' }],
  });
  const both = containerOf('devices: ["/dev/a:/dev/b:r"]\n    device_cgroup_rules: ["c 1:5 r"]');
  expect(both).toMatchObject({
    devices: ['/dev/a:/dev/b:r'],
    limits: { devices: [{ allow: 'c 1:5 r' }] },
  });
  expect(problems(file('devices: [gpu=all]'))).toEqual([
    expect.stringContaining('compose.yaml:5:15: services.web.devices[0] must be a device'),
  ]);
});

describe('a key that says the same', () => {
  it.each<[string, string, object]>([
    ['command by text', 'command: a "b c" $$D', { command: ['a', 'b c', '$D'] }],
    ['command as a list', 'command: [a, b c]', { command: ['a', 'b c'] }],
    ['entrypoint', 'entrypoint: a b', { entrypoint: ['a', 'b'] }],
    ['no restart', 'user: "1"', { restart: 'no', user: '1' }],
    ['restart', 'restart: unless-stopped', { restart: 'unless-stopped' }],
    ['an empty text', 'user: ""\n    hostname: ""', { restart: 'no' }],
    ['read_only', 'read_only: "true"', { read_only: true }],
    ['init', 'init: true', { init: true }],
    ['no network', 'network_mode: none', { network_mode: 'none' }],
    ['the default network', 'tty: true', { bridges: { default: null } }],
    [
      'a health check',
      'healthcheck: { test: a b }',
      { healthcheck: { exec: ['/bin/sh', '-c', 'a b'], interval: '30s', timeout: '30s' } },
    ],
    [
      'a health check in words',
      'healthcheck: { test: [CMD, a], interval: 1d, retries: 2 }',
      { healthcheck: { exec: ['a'], interval: '1d', timeout: '30s', retries: 2 } },
    ],
    ['no health check', 'healthcheck: { test: [NONE] }', { healthcheck: { disable: true } }],
    [
      'ports',
      'ports: ["127.0.0.1:8080:80", "[::1]:8080:80", "0.0.0.0:8081:80", "53:53"]',
      {
        publish: [
          { host_ip: '127.0.0.1', published: 8080, target: 80 },
          { host_ip: '::1', published: 8080, target: 80 },
          { host_ip: '0.0.0.0', published: 8081, target: 80 },
          { published: 53, target: 53 },
        ],
      },
    ],
    [
      'forms of ports',
      'ports: ["53:53/udp", "8000-8001:90-91", "9000-9005:80", "127.0.0.1::81", "82/udp", 83, "0:84"]',
      {
        publish: [
          { published: 53, target: 53, protocol: 'udp' },
          { published: 8000, target: 90 },
          { published: 8001, target: 91 },
          { published: '9000-9005', target: 80 },
          { host_ip: '127.0.0.1', target: 81 },
          { target: 82, protocol: 'udp' },
          { target: 83 },
          { target: 84 },
        ],
      },
    ],
    [
      'the long form of ports',
      'ports: [{ target: 53, published: "53", protocol: udp }, { target: 80 }, { target: 80, published: 8000-8010, host_ip: 127.0.0.1 }]',
      {
        publish: [
          { published: 53, target: 53, protocol: 'udp' },
          { target: 80 },
          { host_ip: '127.0.0.1', published: '8000-8010', target: 80 },
        ],
      },
    ],
    [
      'mounts',
      'volumes: ["./a:/a:ro,z", { type: bind, source: /b, target: /b }]',
      {
        volumes: [
          { type: 'bind', source: './a', target: '/a', read_only: true, create: true },
          { type: 'bind', source: '/b', target: '/b', create: true },
        ],
      },
    ],
    ['a limit', 'mem_limit: 1g\n    cpus: "0.5"', { limits: { memory: '1g', cpus: 0.5 } }],
    [
      'limits of deploy',
      'deploy: { resources: { limits: { memory: 1g, pids: 9 } } }',
      { limits: { memory: '1g', pids: 9 } },
    ],
    [
      'restart of deploy',
      'deploy: { restart_policy: { condition: on-failure, max_attempts: 3 } }',
      { restart: 'on-failure:3' },
    ],
    ['x-baleine', 'x-baleine: { protect: true }', { protect: true }],
    [
      'ports of x-baleine instead of its own',
      'ports: ["8080:80"]\n    x-baleine: { publish: [{ published: 8080, socket_activation: true }] }',
      { publish: [{ published: 8080, socket_activation: true }] },
    ],
  ])('%s', (_what, keys, expected) => {
    expect(containerOf(keys)).toMatchObject(expected);
  });

  it('a volume that is a folder of the host', () => {
    const more = 'volumes: { v: { driver_opts: { type: none, o: bind, device: /srv } } }\n';
    const { root } = read(file('volumes: ["v:/v"]', more));
    expect(root.containers.web.volumes).toEqual([{ type: 'bind', source: '/srv', target: '/v' }]);
    expect(root.volumes).toBeUndefined();
  });

  it('a network whose containers do not reach each other', () => {
    const option = 'com.docker.network.bridge.enable_icc';
    const networkOf = (options: string) =>
      read(file('', `networks: { default: { driver_opts: { ${options} } } }\n`));
    const { root, warnings } = networkOf(`${option}: "false"`);
    expect(root.bridges.default).toMatchObject({ members: 'isolated' });
    expect(warnings).toBeUndefined();
    expect(networkOf(`${option}: "true"`).root.bridges.default).not.toHaveProperty('members');
    const other = networkOf('com.docker.network.bridge.name: br0');
    expect(other.root.bridges.default).not.toHaveProperty('members');
    expect(other.warnings).toEqual([
      expect.stringContaining('driver_opts has no effect: they tune Docker’s bridges'),
    ]);
  });

  it('secrets and configs', () => {
    const more = 'secrets: { s: { file: ./s, x-a: 1 } }\nconfigs: { c: { content: text } }\n';
    const { root } = read(file('secrets: [s]\n    configs: [c]', more));
    expect(root).toMatchObject({
      secrets: { s: { file: './s' } },
      configs: { c: { content: 'text' } },
    });
  });
});

describe('a key without effect', () => {
  it.each<[string, string, string]>([
    ['attach', 'attach: true', 'compose.yaml:5:5: attach has no effect'],
    ['expose', 'expose: ["80"]', 'compose.yaml:5:5: expose has no effect'],
    [
      'app_protocol',
      'ports: [{ target: 80, published: 80, app_protocol: http }]',
      'compose.yaml:5:42: ports.app_protocol has no effect',
    ],
    [
      'options of logging',
      'logging: { options: { max-file: "3" } }',
      'compose.yaml:5:27: logging option max-file has no effect',
    ],
    [
      'update_config of one container',
      'deploy: { update_config: { order: start-first } }',
      'compose.yaml:5:15: deploy.update_config has no effect',
    ],
  ])('%s', (_what, keys, expected) => {
    const { warnings } = read(file(keys));
    expect(warnings).toHaveLength(1);
    expect(warnings?.[0]).toContain(expected);
  });
});

it('ports without one of the host are not a reason for a farm: each replica has its own', () => {
  const { farms, containers } = read(file('ports: ["80", "53/udp"]\n    scale: 2')).root;
  expect(farms).toBeUndefined();
  expect(containers.web).toMatchObject({
    replicas: 2,
    publish: [{ target: 80 }, { target: 53, protocol: 'udp' }],
  });
  const asked = read(file('ports: ["80"]\n    scale: 2\n    x-baleine: { farm: tcp }')).root;
  expect(asked.farms.web.proxy.publish).toEqual([{ target: 80 }]);
});

describe('a key that is refused', () => {
  it.each<[string, string, string]>([
    ['privileged', 'privileged: true', '5:17: a container never has all rights of the host'],
    ['the network of the host', 'network_mode: host', '5:19: a container never has the network'],
    ['the socket of Docker', 'volumes: ["/var/run/docker.sock:/s"]', '5:15: there is no Docker'],
    ['gpus', 'gpus: all', '5:5: gpus is refused'],
    ['cgroup_parent', 'cgroup_parent: x', '5:5: cgroup_parent is refused'],
    ['a protocol', 'ports: ["80:80/sctp"]', '5:13: port 80/sctp cannot be published'],
    ['no IPv6 address', 'ports: ["[1::2::3]:80:80"]', '5:13: [1::2::3] is no IPv6 address'],
    ['a range of ranges', 'ports: ["80-82:80-81"]', '5:13: the ranges 80-82 and 80-81 differ'],
    [
      'UDP of replicas',
      'ports: ["53:53/udp"]\n    scale: 2',
      '5:13: the replicas of a service cannot share a UDP port',
    ],
    ['a job', 'deploy: { mode: replicated-job }', '5:21: services of mode replicated-job'],
  ])('%s', (_what, keys, expected) => {
    const [line, ...others] = problems(file(keys));
    expect(line).toContain(`compose.yaml:${expected}`);
    expect(others).toEqual([]);
  });

  it('an external secret', () => {
    expect(problems(file('secrets: [s]', 'secrets:\n  s: { external: true }\n'))[0]).toBe(
      'compose.yaml:7:18: there is no store that an external one could come from',
    );
  });
});

describe('IPv6 of networks', () => {
  const bridgeOf = (keys: string) =>
    read(file('networks: { n: { ipv6_address: "fd00:1::9" } }', `networks: { n: { ${keys} } }\n`))
      .root;
  const IPAM =
    'ipam: { config: [{ subnet: "fd00:1::/64", gateway: "fd00:1::1" }, { subnet: 10.0.0.0/24 }] }';

  it.each([
    [
      `enable_ipv6: true, ${IPAM}`,
      { subnet: '10.0.0.0/24', host: 'auto', subnet6: 'fd00:1::/64', host6: 'fd00:1::1' },
    ],
    [`enable_ipv4: false, enable_ipv6: true, ${IPAM}`, { subnet6: 'fd00:1::/64' }],
  ])('%s', (keys, expected) => {
    const { bridges, containers } = bridgeOf(keys);
    expect(bridges.n).toMatchObject(expected);
    if (!('subnet' in expected)) expect(bridges.n).not.toHaveProperty('subnet');
    expect(containers.web?.bridges).toMatchObject({ n: { address6: 'fd00:1::9' } });
  });
});
