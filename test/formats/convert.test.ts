import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { convertProject } from '../../src/app/project.js';
import { loadConfig } from '../../src/formats/load.js';

const dir = mkdtempSync(join(tmpdir(), 'convert-'));
afterAll(() => rmSync(dir, { recursive: true }));
mkdirSync(join(dir, 'app'));
writeFileSync(join(dir, 'token.txt'), 'x');

/** The text of a file in the other format. */
async function converted(text: string, to: 'compose' | 'baleine') {
  const file = join(dir, 'file.yaml');
  writeFileSync(file, text);
  const common = { root: '/nowhere', file, project: { overrides: [] }, color: false };
  return convertProject(common as Parameters<typeof convertProject>[0], to);
}

const yamlOf = async (text: string, to: 'compose' | 'baleine') => (await converted(text, to)).yaml;

/** All that a file means. */
function meaningOf(text: string) {
  const {
    digest: _,
    where: __,
    warnings: ___,
    file: ____,
    ...config
  } = loadConfig({
    file: 'baleine.yaml',
    text,
    env: {},
    directory: dir,
  });
  return JSON.parse(JSON.stringify(config));
}

const word = fc.constantFrom('a', 'b c', '$x', '1.10', 'yes', '');
const name = fc.constantFrom('one', 'two', 'three');
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const service = fc
  .record({
    image: fc.constantFrom(
      'nginx',
      'ghcr.io/team/app:1.2',
      `x@sha256:${'0123456789abcdef'.repeat(4)}`,
    ),
    command: optional(fc.oneof(fc.array(word, { minLength: 1 }), fc.constant('run "a b" c'))),
    entrypoint: optional(fc.array(word, { minLength: 1 })),
    environment: optional(fc.dictionary(fc.constantFrom('A', 'B'), word)),
    user: optional(fc.constantFrom('1000:1000', '33')),
    restart: optional(fc.constantFrom('no', 'always', 'on-failure:3', 'unless-stopped')),
    init: optional(fc.boolean()),
    read_only: optional(fc.boolean()),
    cap_add: optional(fc.constant(['NET_ADMIN'])),
    devices: optional(fc.constant(['/dev/fuse:/dev/fuse:rw'])),
    device_cgroup_rules: optional(fc.constant(['c 10:229 rwm'])),
    security_opt: optional(fc.constant(['seccomp:unconfined', 'apparmor=mine'])),
    mem_limit: optional(fc.constantFrom('64m', '1g')),
    cpus: optional(fc.constantFrom(0.5, 2)),
    pids_limit: optional(fc.constant(100)),
    networks: optional(
      fc.constantFrom(['front'], {
        front: { ipv4_address: '10.9.1.9', ipv6_address: 'fd00:9::9', aliases: ['x'] },
        back: null,
        six: null,
      }),
    ),
    ports: optional(fc.constantFrom(['8080:80'], ['127.0.0.1:81:81', '[::1]:81:81', '53:53/udp'])),
    volumes: optional(
      fc.constantFrom(
        ['data:/data', './app:/app:ro'],
        [
          { type: 'bind', source: './app', target: '/b', bind: { create_host_path: false } },
          { type: 'volume', source: 'data', target: '/c', volume: { nocopy: true } },
        ],
      ),
    ),
    tmpfs: optional(fc.constantFrom('/t', ['/t', '/u:size=1m'])),
    healthcheck: optional(
      fc.constantFrom(
        { test: ['CMD', 'a', 'b'] },
        { test: 'a b', interval: '1m', retries: 5 },
        { test: ['NONE'] },
        { test: ['CMD-SHELL', 'x'], timeout: '5s', start_period: '1s' },
      ),
    ),
    stop_grace_period: optional(fc.constant('1m30s')),
    logging: optional(fc.constant({ options: { 'max-size': '5m' } })),
    secrets: optional(fc.constant(['token'])),
    post_start: optional(fc.constant([{ command: 'a b', user: '1' }])),
    deploy: optional(
      fc.constantFrom(
        { replicas: 3 },
        { replicas: 2, update_config: { order: 'start-first', parallelism: 1, monitor: '5s' } },
      ),
    ),
    'x-baleine': optional(fc.constantFrom({ heal: 'immediate' }, { limits: { net_class: 5 } })),
  })
  .map((keys) => {
    const { deploy, ports, volumes, ...rest } = JSON.parse(JSON.stringify(keys));
    // replicas publish one port, and share no address
    if (!deploy) return { ...rest, ports, volumes };
    return { ...rest, deploy, networks: ['front'], ...(ports && { ports: ['8080:80'] }) };
  });

const composeFile = fc
  .record({ services: fc.dictionary(name, service, { minKeys: 1 }) })
  .map(({ services }) => ({
    name: 'shop',
    services,
    networks: {
      front: {
        enable_ipv6: true,
        ipam: {
          config: [
            { subnet: '10.9.1.0/24', gateway: '10.9.1.1' },
            { subnet: 'fd00:9::/64', gateway: 'fd00:9::1' },
          ],
        },
      },
      six: { enable_ipv4: false, enable_ipv6: true },
      back: { internal: true },
      default: { 'x-baleine': { egress: false } },
    },
    volumes: { data: null },
    secrets: { token: { file: './token.txt' } },
  }));

describe('convert', () => {
  it('there and back and there again is what it was there', async () => {
    await fc.assert(
      fc.asyncProperty(composeFile, async (compose) => {
        let there: string;
        try {
          there = await yamlOf(JSON.stringify(compose), 'baleine');
        } catch (error) {
          // such as the same port in two services
          fc.pre(!/services|networks/.test(String(error)));
          throw error;
        }
        const back = await yamlOf(there, 'compose');
        const again = await yamlOf(back, 'baleine');
        expect(meaningOf(again)).toEqual(meaningOf(there));
        expect(await yamlOf(again, 'compose')).toBe(back);
      }),
      { numRuns: 25 },
    );
  });

  it.each(['web-farm', 'single', 'egress'])(
    'examples/%s means the same in Compose',
    async (each) => {
      const text = readFileSync(`examples/${each}/baleine.yaml`, 'utf8');
      const { yaml } = await converted(text, 'compose');
      expect(meaningOf(await yamlOf(yaml, 'baleine'))).toEqual(meaningOf(text));
    },
  );

  it('WebAssembly has the words of containerd in Compose', async () => {
    const text = `name: shop
images:
  pulled: { from: { registry: { reference: "app:1", platform: wasi/wasm } } }
  built: { from: { dockerfile: { context: ., platform: wasi/wasm } } }
containers:
  a: { image: pulled, wasm: wasmedge }
  b: { image: built, wasm: wamr }
`;
    const { yaml } = await converted(text, 'compose');
    expect(yaml).toContain(
      '    image: app:1\n    platform: wasi/wasm\n    runtime: io.containerd.wasmedge.v1\n',
    );
    expect(yaml).toContain(
      '    build:\n      context: "."\n    platform: wasi/wasm\n    restart: always\n',
    );
    expect(yaml).toContain('    x-baleine:\n      wasm: wamr\n');
    const { containers } = meaningOf(await yamlOf(yaml, 'baleine')) as {
      containers: Record<string, { wasm?: string }>;
    };
    expect([containers.a?.wasm, containers.b?.wasm]).toEqual(['wasmedge', 'wamr']);
  });

  it('a baleine.yaml becomes a compose file, and what that has no words for is named', async () => {
    const text = `name: shop
images:
  base: { size: 64M, from: { host: { binaries: [/bin/busybox] } } }
  nginx: { from: { registry: "nginx:1.27" }, pull: always }
bridges:
  front: { subnet: 10.77.1.0/24, host: 10.77.1.1 }
containers:
  web:
    image: nginx
    command: echo $HOME
    bridges: { front: { address: 10.77.1.9 } }
    volumes: ["./app:/app:ro"]
    limits: { memory: 64M, net_class: 4 }
    healthcheck: { tcp: 80 }
  job: { image: base, restart: "no", heal: immediate, depends_on: [web] }
`;
    const { yaml, lost } = await converted(text, 'compose');
    expect(yaml).toBe(`name: shop
services:
  web:
    image: nginx:1.27
    pull_policy: always
    command:
      - /bin/sh
      - -c
      - echo $$HOME
    networks:
      front:
        ipv4_address: 10.77.1.9
    volumes:
      - type: bind
        source: ./app
        target: /app
        read_only: true
        bind:
          create_host_path: false
    mem_limit: 64M
    restart: always
    x-baleine:
      limits:
        net_class: 4
      healthcheck:
        tcp: 80
  job:
    depends_on:
      web:
        condition: service_started
    restart: "no"
    network_mode: none
    x-baleine:
      image: base
      heal: immediate
networks:
  front:
    ipam:
      config:
        - subnet: 10.77.1.0/24
          gateway: 10.77.1.1
    x-baleine:
      egress: false
x-baleine:
  images:
    base:
      size: 64M
      from:
        host:
          binaries:
            - /bin/busybox
`);
    expect(lost.map((each) => each.replace(/^.*file\.yaml:/, ''))).toEqual([
      '13:28: web.limits.net_class has no word in Compose: it is below x-baleine',
      '14:5: web.healthcheck has no word in Compose: it is below x-baleine',
      '15:38: job.heal has no word in Compose: it is below x-baleine',
      '3:3: images.base has no word in Compose: it is below x-baleine',
    ]);
  });

  it('keeps ports whose sockets are inherited below x-baleine', async () => {
    const text = `
name: shop
images: { base: { from: { registry: registry.example/base:1 } } }
bridges: { front: { subnet: 10.77.1.0/24, host: 10.77.1.1 } }
containers:
  web: { image: base, bridges: [front], publish: ["127.0.0.1:80:80", { published: 81, socket_activation: web }] }
`;
    const { yaml, lost } = await converted(text, 'compose');
    expect(lost.join()).toContain('web.publish has no word in Compose: it is below x-baleine');
    expect(yaml).not.toContain('ports:');
    expect(meaningOf(await yamlOf(yaml, 'baleine')).containers.web.publish).toEqual(
      meaningOf(text).containers.web.publish,
    );
  });
});
