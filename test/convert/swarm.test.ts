import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { STACK_FILE, toSwarm } from '../../src/convert/swarm/index.js';
import { lackingAny } from '../support/skip.js';
import { EXAMPLES, exampleOf, inputOf, outputWith, SHOP, textOf } from './convert.js';

const {
  $schema: _,
  id: __,
  ...schema
} = JSON.parse(
  readFileSync('test/convert/docker-stack-3.9.json', 'utf8').replaceAll('"id":', '"$id":'),
);
const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);

/** The errors of Docker's own schema of stack files. */
function errorsOf(text: string) {
  // YAML 1.1, as docker reads it
  validate(parse(text, { version: '1.1' }));
  return validate.errors ?? [];
}

const stackOf = (text: string) => textOf(toSwarm(inputOf(text)), STACK_FILE);

describe('convert --to swarm', () => {
  it('writes a stack file, and its configs beside it', () => {
    const made = toSwarm(inputOf(SHOP));
    expect(
      made.files.map(({ name, text }) => `# ${name}\n${text}`).join(''),
    ).toMatchInlineSnapshot(`
      "# stack.yaml
      version: "3.9"
      services:
        db_1:
          image: app
          deploy:
            replicas: 1
            endpoint_mode: dnsrr
            resources:
              limits:
                cpus: "0.5"
                memory: "67108864"
                pids: 100
            restart_policy:
              condition: any
          command:
            - serve
            - a b
            - 100%
            - $$HOME
          networks:
            back: null
          volumes:
            - type: volume
              source: data
              target: /data
            - type: bind
              source: /srv/shop/conf
              target: /conf
              read_only: true
            - type: tmpfs
              target: /run
            - type: tmpfs
              target: /tmp
            - type: tmpfs
              target: /cache
              tmpfs:
                size: 1048576
          secrets:
            - source: token
              target: /run/secrets/token
              mode: 256
              uid: "1000"
              gid: "1000"
          configs:
            - source: motd
              target: /motd
              mode: 292
              uid: "1000"
              gid: "1000"
          environment:
            A: it's "x"
            NUMBER: "0x1F"
          user: 1000:1000
          healthcheck:
            test:
              - CMD
              - ping
              - db
            interval: 10s
            timeout: 2s
            retries: 3
            start_period: 0s
          stop_grace_period: 30s
          cap_drop:
            - AUDIT_WRITE
            - MKNOD
            - NET_RAW
          read_only: true
          labels:
            team: a
        shop-server:
          image: nginx:1.27
          deploy:
            replicas: 3
            endpoint_mode: dnsrr
            resources:
              limits:
                pids: 2048
            restart_policy:
              condition: any
            update_config:
              order: start-first
              parallelism: 2
              monitor: 5s
              failure_action: pause
          networks:
            back: null
          stop_grace_period: 10s
          cap_drop:
            - AUDIT_WRITE
            - MKNOD
            - NET_RAW
        shop-proxy:
          image: app
          deploy:
            replicas: 1
            endpoint_mode: dnsrr
            resources:
              limits:
                pids: 2048
            restart_policy:
              condition: any
          entrypoint:
            - haproxy
            - -W
            - -db
            - -f
            - /etc/baleine/haproxy.cfg
          networks:
            front: null
            back: null
          ports:
            - target: 80
              published: 8080
              protocol: tcp
              mode: host
          user: "0:0"
          stop_grace_period: 10s
          cap_drop:
            - AUDIT_WRITE
            - MKNOD
            - NET_RAW
          configs:
            - source: shop-proxy
              target: /etc/baleine/haproxy.cfg
              mode: 292
      networks:
        front:
          driver: overlay
          ipam:
            config:
              - subnet: 10.9.1.0/24
        back:
          driver: overlay
          ipam:
            config:
              - subnet: 10.9.2.0/24
          internal: true
      volumes:
        data: {}
      secrets:
        token:
          file: ./token.txt
      configs:
        shop-proxy:
          file: ./configs/shop-proxy-haproxy.cfg
          name: shop-shop-proxy-fa747d98
        motd:
          file: ./configs/motd-content
          name: shop-motd-1d9b1e18
      # configs/shop-proxy-haproxy.cfg
      # farm shop, written by baleine: change baleine.yaml instead
      global
          log stdout format raw local0 notice
          stats socket /dev/shm/proxy.sock mode 600 level admin
          close-spread-time infinite
          uid 65534
          gid 65534

      defaults
          mode http
          log global
          option redispatch 1
          retries 3
          retry-on conn-failure empty-response response-timeout
          timeout connect 2s
          timeout client 30s
          timeout server 30s
          timeout http-request 10s
          option forwardfor
          timeout http-keep-alive 10s

      frontend shop
          bind :80
          http-after-response set-header connection close if { stopping }
          default_backend shop-servers

      backend shop-servers
          balance roundrobin
          cookie baleine insert indirect nocache httponly dynamic
          dynamic-cookie-key shop
          option httpchk
          http-check send meth GET uri /ok ver HTTP/1.1 hdr Host localhost
          http-check expect status 200-399
          timeout check 2000ms
          default-server check fall 2 rise 1 inter 1000ms
          server-template shop-server- 5 "tasks.shop-server:80" resolvers names init-addr none

      resolvers names
          nameserver dns 127.0.0.11:53
          accepted_payload_size 8192
          timeout resolve 1s
          timeout retry 1s
          hold valid 1s
      # configs/motd-content
      costs $5
      "
    `);
    expect(made.lost).toMatchInlineSnapshot(`
      [
        "baleine.yaml:37:22: farms.shop.servers.healthcheck.http is lost: a check is a command inside the container: give exec",
        "baleine.yaml:44:44: farms.shop.update.drain is lost: a task is stopped at once, and has its stop_grace_period for requests in flight",
        "baleine.yaml:46:3: jobs.clean is lost: Swarm has no schedule (30 4 * * 1-5): let the host's cron run docker service",
        "baleine.yaml:6:33: bridges.front.host is lost: the nodes have no address on an overlay network",
        "baleine.yaml:9:11: volumes.data.size is lost: a local volume has no quota",
      ]
    `);
    expect(made.notes).toMatchInlineSnapshot(`
      [
        "baleine.yaml:4:3: image app is in no registry: give --registry HOST/PATH and push it: baleine image push app HOST/PATH/app",
        "baleine.yaml:6:3: bridge front has no way out here, and an overlay network has one unless it is isolated",
        "baleine.yaml:9:3: volume data is one for each node: what it holds does not follow a task",
      ]
    `);
    expect(errorsOf(textOf(made, STACK_FILE))).toEqual([]);
  });

  it.each(EXAMPLES)('%s conforms to the schema of docker stack', (path) => {
    const text = textOf(toSwarm(exampleOf(path)), STACK_FILE);
    expect(errorsOf(text)).toEqual([]);
  });

  it('the schema refuses an unknown key', () => {
    expect(errorsOf(stackOf(SHOP).replace('stop_grace_period', 'stop_grace'))).not.toEqual([]);
  });

  it.skipIf(lackingAny('haproxy'))('HAProxy accepts the configuration of a proxy', () => {
    const { files } = toSwarm(inputOf(SHOP));
    outputWith(files, 'haproxy', '-c', '-f', 'configs/shop-proxy-haproxy.cfg');
  });

  it.skipIf(lackingAny('docker-compose'))('docker-compose reads the same values', () => {
    // it does not know `pids`, which Docker 20.10 does
    const text = stackOf(SHOP).replaceAll(/pids: \d+/g, 'cpus: "1"');
    const files = [{ name: STACK_FILE, text: text.replace('cpus: "0.5"\n', '\n') }];
    const { services } = parse(outputWith(files, 'docker-compose', '-f', STACK_FILE, 'config'));
    expect(services.db_1.command).toEqual(['serve', 'a b', '100%', '$$HOME']);
    expect(services.db_1.environment).toEqual({ A: 'it\'s "x"', NUMBER: '0x1F' });
  });

  it('keeps dollar signs and quotes of values', () => {
    const { services } = parse(stackOf(SHOP), { version: '1.1' });
    expect(services.db_1.command).toEqual(['serve', 'a b', '100%', '$$HOME']);
    expect(services.db_1.environment).toEqual({ A: 'it\'s "x"', NUMBER: '0x1F' });
  });

  it('has images where --registry says', () => {
    const made = toSwarm(inputOf(SHOP, { registry: 'registry.example/team/' }));
    expect(textOf(made, STACK_FILE)).toContain('image: registry.example/team/app\n');
    expect(made.notes.filter((each) => each.includes('app'))).toEqual([
      'baleine.yaml:4:3: image app must be pushed first: baleine image push app registry.example/team/app',
    ]);
  });

  it('never reads a secret', () => {
    const made = toSwarm(
      inputOf(`name: s
images: { a: { from: { registry: a } } }
secrets: { one: { environment: TOKEN }, two: { age: ./x.age, identity: "./my key" } }
containers: { c: { image: a, secrets: [one, two] } }
`),
    );
    expect(parse(textOf(made, STACK_FILE)).secrets).toEqual({
      one: { external: true, name: 's-one' },
      two: { external: true, name: 's-two' },
    });
    expect(made.notes.slice(1)).toEqual([
      'baleine.yaml:3:12: one must be created first: printenv TOKEN | head -c -1 | docker secret create s-one -',
      "baleine.yaml:3:41: two must be created first: age --decrypt --identity '/srv/shop/my key' /srv/shop/x.age | docker secret create s-two -",
    ]);
  });

  it('names keys that a service does not have, and none that the file does not', () => {
    const made = toSwarm(
      inputOf(`name: s
images: { a: { from: { registry: a } } }
bridges: { n: { isolated: true } }
containers:
  c:
    image: a
    bridges: { n: { mac: "02:00:00:00:00:01" } }
    protect: false
    heal: immediate
    devices: [/dev/fuse]
    limits: { cpu_shares: 512 }
    healthcheck: { tcp: 80 }
    extra_hosts: ["h:host-gateway", "g:10.0.0.1"]
    cap_drop: [CHOWN]
    cap_add: [NET_RAW]
    security: restricted
    user: "1"
`),
    );
    expect(made.lost.map((each) => each.replace(/^baleine.yaml:/, ''))).toEqual([
      '7:21: containers.c.bridges.n.mac is lost: tasks get theirs from Swarm',
      '10:5: containers.c.devices is lost: a service has no devices',
      '11:15: containers.c.limits.cpu_shares is lost: a service has no such setting',
      '12:20: containers.c.healthcheck.tcp is lost: a check is a command inside the container: give exec',
      '13:5: containers.c.extra_hosts is lost: host-gateway is no address of a node',
    ]);
    const { c } = parse(textOf(made, STACK_FILE)).services;
    expect([c.cap_add, c.cap_drop, c.extra_hosts]).toEqual([
      ['NET_BIND_SERVICE', 'NET_RAW'],
      ['ALL', 'CHOWN'],
      ['g:10.0.0.1'],
    ]);
  });

  it('gives the servers of a farm a name that no container has', () => {
    const text = `name: s
images: { a: { from: { registry: a } } }
bridges: { n: { subnet: 10.9.1.0/24 } }
containers: { f-server: { image: a, bridges: [n] } }
farms: { f: { servers: { image: a, port: 80, bridges: [n] }, proxy: { image: a, listen: 80, bridges: [n] } } }
`;
    const made = toSwarm(inputOf(text));
    const { services } = parse(textOf(made, STACK_FILE));
    expect(Object.keys(services)).toEqual(['f-server', 'f-servers', 'f-proxy']);
    expect(textOf(made, 'configs/f-proxy-haproxy.cfg')).toContain('"tasks.f-servers:80"');
  });
});
