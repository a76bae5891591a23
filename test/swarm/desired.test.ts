import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/formats/load.js';
import type { Config } from '../../src/model/config.js';
import { installPaths } from '../../src/model/install-paths.js';
import type { Resource, Row } from '../../src/model/resource.js';
import type { NetworkSpec, ServiceSpec, SwarmImageSpec } from '../../src/model/swarm.js';
import { toApi } from '../../src/swarm/api-service.js';
import { desiredInSwarm } from '../../src/swarm/desired/index.js';
import { judge } from '../../src/swarm/desired/unsupported.js';

const SHOP = `
name: shop
engine: swarm
images:
  base: { from: { host: { binaries: [/bin/busybox] } } }
  page: { from: { image: base }, copy: [{ from: ./page, to: /page }] }
  unused: { from: { host: { binaries: [/bin/busybox] } } }
  db: { from: { registry: registry.example/db:1 } }
bridges: { back: { subnet: 10.9.0.0/24, isolated: true } }
volumes: { data: {} }
secrets: { token: { file: ./token } }
containers:
  db:
    image: db
    bridges: { back: { aliases: [database] } }
    volumes: [data:/data, /srv:/srv:ro]
    tmpfs: ['/tmp:size=64m,mode=1777']
    secrets: [token]
    environment: { A: 'x=y' }
    limits: { memory: 64M, cpus: 0.5 }
    restart: on-failure:3
    healthcheck: { exec: [check, it], interval: 5s, retries: 2 }
    placement: { constraints: [node.labels.disk == ssd], spread: [node.labels.zone], max_per_node: 1 }
    cap_drop: [ALL]
    extra_hosts: { other: 10.0.0.7 }
farms:
  web:
    servers: { image: page, replicas: 3, port: 80, bridges: [back], depends_on: [db] }
    proxy: { image: base, engine: haproxy, listen: 80, bridges: [back], tls: { certificate: ./web.pem } }
    update: { parallelism: 2, failure_action: rollback, monitor: 5s }
`;

function configOf(text: string): Config {
  return loadConfig({ text, file: 'baleine.yaml', directory: '/srv/shop', env: {} });
}

function desired(text = SHOP, rows: Row[] = []): Resource[] {
  return desiredInSwarm({
    config: configOf(text),
    ...{ rows, paths: installPaths('/root') },
    sources: { page: 'ff', 'farms.web': 'cc' },
    fileDigests: { 'secrets.token': 'dd' },
    origins: {
      db: {
        layers: 'l',
        image: 'sha256:1',
        manifest: 'sha256:2',
        bytes: 5,
        config: { environment: {} },
      },
    },
  });
}

const named = (resources: Resource[], address: string) =>
  resources.find((each) => each.address === address);

describe('the resources of a stack on a swarm', () => {
  it('are images, networks, secrets, configs and services, each after what it needs', () => {
    const all = desired().map(({ address, needs }) => `${address}: ${needs.join(' ')}`);
    expect(all).toMatchInlineSnapshot(`
      [
        "image.base: ",
        "image.page: image.base",
        "network.back: ",
        "secret.token-9b7ecc6eeb: ",
        "config.web-proxy-d1a075cfd0: ",
        "secret.web-tls-355b1bbfc9: ",
        "service.db: network.back secret.token-9b7ecc6eeb",
        "service.web-server: image.page network.back service.db",
        "service.web-proxy: image.base network.back config.web-proxy-d1a075cfd0 secret.web-tls-355b1bbfc9 service.web-server",
      ]
    `);
  });

  it('are services as the API has them', () => {
    const db = named(desired(), 'service.db') as Resource<ServiceSpec>;
    expect(toApi(db.address, db.spec, db.spec.image)).toMatchInlineSnapshot(`
      {
        "EndpointSpec": {
          "Mode": "dnsrr",
          "Ports": [],
        },
        "Labels": {
          "baleine.address": "service.db",
          "baleine.stack": "shop",
        },
        "Mode": {
          "Replicated": {
            "Replicas": 1,
          },
        },
        "Name": "shop_db",
        "RollbackConfig": {
          "FailureAction": "pause",
          "Monitor": 5000000000,
          "Order": "stop-first",
          "Parallelism": 1,
        },
        "TaskTemplate": {
          "ContainerSpec": {
            "CapabilityAdd": [],
            "CapabilityDrop": [
              "ALL",
            ],
            "Configs": [],
            "DNSConfig": {
              "Nameservers": [],
              "Options": [],
              "Search": [],
            },
            "Env": [
              "A=x=y",
            ],
            "Healthcheck": {
              "Interval": 5000000000,
              "Retries": 2,
              "StartPeriod": 0,
              "Test": [
                "CMD",
                "check",
                "it",
              ],
              "Timeout": 2000000000,
            },
            "Hosts": [
              "10.0.0.7 other",
            ],
            "Image": "registry.example/db:1@sha256:2",
            "Labels": {
              "baleine.address": "service.db",
              "baleine.stack": "shop",
            },
            "Mounts": [
              {
                "ReadOnly": false,
                "Source": "shop_data",
                "Target": "/data",
                "Type": "volume",
              },
              {
                "ReadOnly": true,
                "Source": "/srv",
                "Target": "/srv",
                "Type": "bind",
              },
              {
                "ReadOnly": false,
                "Target": "/tmp",
                "TmpfsOptions": {
                  "Mode": 1023,
                  "SizeBytes": 67108864,
                },
                "Type": "tmpfs",
              },
            ],
            "Secrets": [
              {
                "File": {
                  "GID": "0",
                  "Mode": 292,
                  "Name": "/run/secrets/token",
                  "UID": "0",
                },
                "SecretName": "shop_token-9b7ecc6eeb",
              },
            ],
            "StopGracePeriod": 10000000000,
            "Sysctls": {},
            "Ulimits": [],
          },
          "LogDriver": {
            "Name": "json-file",
            "Options": {
              "max-size": "10485760",
            },
          },
          "Networks": [
            {
              "Aliases": [
                "db",
                "database",
              ],
              "Target": "shop_back",
            },
          ],
          "Placement": {
            "Constraints": [
              "node.labels.disk == ssd",
            ],
            "MaxReplicas": 1,
            "Preferences": [
              {
                "Spread": {
                  "SpreadDescriptor": "node.labels.zone",
                },
              },
            ],
          },
          "Resources": {
            "Limits": {
              "MemoryBytes": 67108864,
              "NanoCPUs": 500000000,
              "Pids": 2048,
            },
            "Reservations": {},
          },
          "RestartPolicy": {
            "Condition": "on-failure",
            "MaxAttempts": 3,
          },
        },
        "UpdateConfig": {
          "FailureAction": "pause",
          "Monitor": 5000000000,
          "Order": "stop-first",
          "Parallelism": 1,
        },
      }
    `);
    const proxy = named(desired(), 'service.web-proxy') as Resource<ServiceSpec>;
    const { Mode, EndpointSpec } = toApi(proxy.address, proxy.spec, proxy.spec.image);
    expect({ Mode, EndpointSpec }).toMatchInlineSnapshot(`
      {
        "EndpointSpec": {
          "Mode": "dnsrr",
          "Ports": [
            {
              "Protocol": "tcp",
              "PublishMode": "host",
              "PublishedPort": 80,
              "TargetPort": 80,
            },
            {
              "Protocol": "tcp",
              "PublishMode": "host",
              "PublishedPort": 443,
              "TargetPort": 443,
            },
          ],
        },
        "Mode": {
          "Global": {},
        },
      }
    `);
  });

  it('run once on each node if they are placed so', () => {
    const text = SHOP.replace('max_per_node: 1', 'each_node: true');
    const { address, spec } = named(desired(text), 'service.db') as Resource<ServiceSpec>;
    const { Mode, TaskTemplate } = toApi(address, spec, spec.image);
    expect(Mode).toEqual({ Global: {} });
    expect(TaskTemplate).toMatchObject({ Placement: { Constraints: ['node.labels.disk == ssd'] } });
  });

  it('have an image of another name when what containers inherit changes', () => {
    const imageOf = (text: string) =>
      (named(desired(text), 'image.page') as Resource<SwarmImageSpec>).spec.reference;
    const other = SHOP.replace('to: /page }]', 'to: /page }], command: [x]');
    expect(imageOf(SHOP)).toMatch(/^baleine\/shop-page:[0-9a-f]{12}$/);
    expect(imageOf(other)).not.toBe(imageOf(SHOP));
    const registry = `${SHOP}swarm: { registry: registry.example:5000/team }`;
    expect(imageOf(registry)).toMatch(/^registry\.example:5000\/team\/shop-page:/);
  });

  it('have a network of another name when it is to be another, and keep it after that', () => {
    const network = (text: string, rows: Row[] = []) =>
      desired(text, rows).filter(({ kind }) => kind === 'network') as Resource<NetworkSpec>[];
    const rowOf = ({ kind, name, spec }: Resource): Row => ({
      ...{ kind, name, spec, stack: 'shop', status: 'ready', facts: {}, needs: [], protect: false },
    });
    const open = SHOP.replace('isolated: true', 'isolated: false');
    const [first] = network(SHOP);
    expect(first?.name).toBe('back');
    const [second] = network(open, [rowOf(first as Resource)]);
    expect(second?.name).toMatch(/^back-[0-9a-f]{6}$/);
    expect(network(open, [rowOf(second as Resource)])[0]?.name).toBe(second?.name);
    expect(network(SHOP, [rowOf(second as Resource)])[0]?.name).toBe('back');
  });
});

describe('what a swarm cannot have', () => {
  it('is little of a plain stack: addresses, and the order of restarts', () => {
    expect(judge(configOf(SHOP))).toEqual([
      'baleine.yaml:28:69: depends_on has no effect on a swarm: it orders the plan; later restarts do not wait',
      'baleine.yaml:9:20: subnet has no effect on a swarm: Docker chooses the addresses',
    ]);
  });

  it('has no sockets of a node', () => {
    const text = `
name: shop
engine: swarm
images: { a: { from: { host: { binaries: [/bin/busybox] } } } }
containers:
  a: { image: a, publish: [{ published: 80, socket_activation: true }] }
`;
    expect(() => judge(configOf(text))).toThrow(
      'baleine.yaml:6:18: a swarm cannot have publish: a task inherits no sockets',
    );
  });

  it('is refused all at once, with its places', () => {
    const text = `
name: shop
engine: swarm
images: { a: { from: { host: { binaries: [/bin/busybox] } } } }
volumes: { data: { size: 1G } }
bridges: { lan: { uplink: eth1 }, back: { subnet: 10.9.0.0/24, host: 10.9.0.1 } }
containers:
  a:
    image: a
    bridges: [back]
    pre_stop: [{ command: x }]
    limits: { io: [{ device: disk, read_bps: 1M }] }
    publish: ['127.0.0.1:80:80']
  b: { image: a, bridges: [back], placement: { each_node: true }, replicas: 2 }
jobs:
  j: { image: a, schedule: '@daily' }
farms:
  web:
    servers: { image: a, port: 80, bridges: [back], placement: { each_node: true } }
    proxy: { image: a, engine: haproxy, listen: 80, bridges: [back] }
`;
    expect(() => judge(configOf(text))).toThrowErrorMatchingInlineSnapshot(`
      [UserError: baleine.yaml:13:5: a swarm cannot have publish: Docker publishes on all addresses of a node, not on 127.0.0.1 alone
      baleine.yaml:12:5: a swarm cannot have limits: a service has no limit io
      baleine.yaml:11:5: a swarm cannot have pre_stop: nothing there runs it
      baleine.yaml:14:35: a swarm cannot have placement: each_node and replicas exclude each other
      baleine.yaml:16:3: a swarm cannot have jobs: a service that ends is not started by a clock
      baleine.yaml:6:19: a swarm cannot have uplink: it is a matter of one host
      baleine.yaml:5:20: a swarm cannot have size: a volume there is a folder of the node that runs the task
      baleine.yaml:19:66: a swarm cannot have each_node: a proxy knows how many servers it has: set replicas]
    `);
  });
});
