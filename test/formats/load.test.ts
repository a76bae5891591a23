// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the file, not of the test
import { describe, expect, it } from 'vitest';
import { digest } from '../../src/model/json.js';
import { EXAMPLE } from '../config/example.js';
import { read, withContainer } from '../config/read.js';

const MINIMAL = {
  image: 'base',
  bridges: {},
  volumes: [],
  environment: {},
  limits: { pids: 2048 },
  restart: { name: 'always' },
  heal: 'cron',
  depends_on: {},
  stop_grace_period: 10_000,
  protect: false,
  security: 'default',
  cap_add: [],
  cap_drop: [],
  read_only: false,
  tmpfs: [],
  sysctls: {},
  ulimits: {},
  dns: [],
  labels: {},
  logs: { max_size: 10 * 1024 ** 2 },
};

describe('the example of the format', () => {
  const config = read(EXAMPLE);

  it('has images', () => {
    expect(config.images).toEqual({
      base: {
        size: 512 * 1024 ** 2,
        from: {
          debian: {
            suite: 'bookworm',
            packages: ['busybox-static', 'haproxy'],
            variant: 'minbase',
          },
        },
        copy: [],
        run: [],
        config: { environment: {} },
        protect: false,
      },
      web: {
        from: { image: 'base' },
        copy: [{ from: '/srv/shop/site', to: '/srv/www', mode: '0644', owner: '0:0' }],
        run: ['busybox --install -s /bin'],
        config: {
          command: ['busybox', 'httpd', '-f', '-p', '80', '-h', '/srv/www'],
          environment: { LANG: 'C.UTF-8' },
          working_dir: '/srv/www',
        },
        protect: false,
      },
      tar: { ...PLAIN_IMAGE, from: { tar: '/srv/shop/rootfs.tar.zst' } },
      directory: { ...PLAIN_IMAGE, from: { directory: '/srv/shop/rootfs' } },
      host: {
        ...PLAIN_IMAGE,
        from: {
          host: { binaries: ['/bin/busybox', '/usr/sbin/haproxy'], files: ['/etc/ssl/certs'] },
        },
      },
      old: { external: true },
    });
  });

  it('has bridges and volumes', () => {
    expect(config.bridges).toEqual({
      front: { subnet: '10.77.1.0/24', host: '10.77.1.1', isolated: false, protect: false },
      back: { subnet: '10.77.2.0/24', isolated: true, protect: false },
      lan: { uplink: 'eth1', isolated: false, protect: false },
    });
    expect(config.volumes).toEqual({ data: { protect: false } });
  });

  it('has containers', () => {
    expect(config.containers).toEqual({
      db: {
        ...MINIMAL,
        stop_signal: 'SIGTERM',
        image: 'web',
        command: ['busybox', 'httpd', '-f', '-p', '8080', '-h', '/data'],
        bridges: {
          back: { address: '10.77.2.10', mac: '02:42:0a:4d:02:0a', aliases: ['database'] },
        },
        volumes: [
          { type: 'volume', source: 'data', target: '/data', read_only: false },
          { type: 'bind', source: '/srv/shop/conf', target: '/etc/app', read_only: true },
        ],
        environment: { MODE: 'prod' },
        user: '1000:1000',
        limits: { memory: 64 * 1024 ** 2, cpus: 0.5, cpu_shares: 512, cpuset: '0-1', pids: 100 },
        depends_on: { other: { condition: 'service_started' } },
        tmpfs: ['/run'],
        sysctls: { 'net.core.somaxconn': '1024' },
        ulimits: { nofile: { soft: 4096, hard: 4096 } },
        hostname: 'db',
        dns: ['10.77.1.1'],
        labels: { tier: 'data' },
        runtime: 'crun',
      },
      other: { ...MINIMAL, image: 'old' },
    });
  });

  it('has farms', () => {
    expect(config.farms.shop).toEqual({
      servers: {
        ...MINIMAL,
        image: 'web',
        replicas: 3,
        bridges: { back: { aliases: [] } },
        limits: { memory: 64 * 1024 ** 2, pids: 2048 },
        port: 80,
      },
      proxy: {
        ...MINIMAL,
        bridges: { front: { address: '10.77.1.10', aliases: [] }, back: { aliases: [] } },
        engine: 'haproxy',
        listen: 80,
        mode: 'http',
        balance: 'roundrobin',
        stats: 8404,
      },
      update: {
        order: 'start-first',
        parallelism: 1,
        drain: 10_000,
        monitor: 0,
        failure_action: 'pause',
      },
    });
  });

  it('has the places of values', () => {
    expect(config.where(['containers', 'db'])).toBe('baleine.yaml:30:3');
    expect(config.where(['containers', 'db', 'bridges', 'back', 'mac'])).toBe('baleine.yaml:35:36');
    expect(config.where(['farms', 'shop', 'servers', 'bridges', 'back'])).toBe(
      'baleine.yaml:69:17',
    );
    expect(config.where(['containers', 'db', 'volumes', 1])).toBe('baleine.yaml:36:29');
    expect(config.where(['containers', 'db', 'heal'])).toBe('baleine.yaml:30:3');
    expect(config.where([])).toBe('baleine.yaml:2:1');
  });
});

const PLAIN_IMAGE = { copy: [], run: [], config: { environment: {} }, protect: false };

describe('short forms', () => {
  const web = (keys: string) => read(withContainer(keys)).containers.web;

  it.each([
    ['nothing', 'protect: false', {}],
    ['a command line', 'command: exec httpd -f', { command: ['/bin/sh', '-c', 'exec httpd -f'] }],
    ['a command of numbers', 'command: [sleep, 1.50]', { command: ['sleep', '1.50'] }],
    ['no command', 'command: []', { command: [] }],
    [
      'an environment list',
      'environment: [A=1, B=, "C=a=b"]',
      {
        environment: { A: '1', B: '', C: 'a=b' },
      },
    ],
    ['labels', 'labels: [tier=data]', { labels: { tier: 'data' } }],
    ['a numeric user', 'user: 1000', { user: '1000' }],
    ['a user without a group', 'user: "33:"', { user: '33:' }],
    ['a group without a user', 'user: :44', { user: ':44' }],
    [
      'a variable of no object',
      'environment: [__proto__=x]',
      { environment: { ['__proto__']: 'x' } },
    ],
    ['one CPU', 'limits: { cpuset: 0 }', { limits: { cpuset: '0', pids: 2048 } }],
    ['one tmpfs', 'tmpfs: /run', { tmpfs: ['/run'] }],
    [
      'soft and hard',
      'ulimits: { core: { soft: 0, hard: 9 } }',
      {
        ulimits: { core: { soft: 0, hard: 9 } },
      },
    ],
    ['a retry count', 'restart: on-failure:3', { restart: { name: 'on-failure', max: 3 } }],
    ['a short signal', 'stop_signal: INT', { stop_signal: 'SIGINT' }],
    ['a signal in lower case', 'stop_signal: quit', { stop_signal: 'SIGQUIT' }],
    ['the number of a signal', 'stop_signal: 9', { stop_signal: 'SIGKILL' }],
    ['a real-time signal', 'stop_signal: RTMIN+3', { stop_signal: 'SIGRTMIN+3' }],
    [
      'capabilities',
      'cap_drop: [ALL]\ncap_add: [CAP_KILL, CHOWN]',
      {
        cap_drop: ['ALL'],
        cap_add: ['CAP_KILL', 'CAP_CHOWN'],
      },
    ],
    [
      'a long mount',
      'volumes: [{ source: "./a:b", target: /x, read_only: true }]',
      {
        volumes: [{ type: 'bind', source: '/srv/shop/a:b', target: '/x', read_only: true }],
      },
    ],
    [
      'a mount above the folder',
      'volumes: [../a:/x:rw]',
      {
        volumes: [{ type: 'bind', source: '/srv/a', target: '/x', read_only: false }],
      },
    ],
    ['one replica', 'replicas: 1', {}],
    ['no replica', 'replicas: 0', { replicas: 0 }],
  ])('expand %s', (_what, keys, expected) => {
    expect(web(keys)).toEqual({ ...MINIMAL, ...expected });
  });

  it('treat an empty section as absent', () => {
    const config = read('name: x\nimages:\nbridges: {b: }\nvolumes:\n  v:\ncontainers:\nfarms:');
    expect(config.bridges).toEqual({ b: { isolated: false, protect: false } });
    expect(config.volumes).toEqual({ v: { protect: false } });
    expect([config.images, config.containers, config.farms]).toEqual([{}, {}, {}]);
  });

  it('accept lists of bridges and dependencies', () => {
    const config = read(
      'name: x\nimages: {i: {from: {tar: a}}}\nbridges: {b: }\ncontainers:\n' +
        '  a: {image: i, bridges: [b], depends_on: [c]}\n  c: {image: i, depends_on: {}}',
    );
    expect(config.containers.a?.bridges).toEqual({ b: { aliases: [] } });
    expect(config.containers.a?.depends_on).toEqual({ c: { condition: 'service_started' } });
  });
});

describe('the digest', () => {
  it('covers the text with its variables expanded', () => {
    expect(read('name: x # $$').digest).toBe(digest('name: x # $$'));
    expect(read('name: "${A}-b" # ${A}', { A: 'x' }).digest).toBe(digest('name: "x-b" # ${A}'));
  });
});
