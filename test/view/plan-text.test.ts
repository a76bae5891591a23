import { expect, it } from 'vitest';
import type { Change, Difference } from '../../src/model/plan.js';
import { renderPlan } from '../../src/view/plan-text.js';

const change = (address: Change['address'], action: Change['action'], rest: Partial<Change> = {}) =>
  ({ address, action, reasons: [], differences: [], drift: false, ...rest }) satisfies Change;

const differs = (attribute: string, before: unknown, after: unknown, rest = {}): Difference => ({
  attribute,
  before,
  after,
  cause: 'file',
  effect: 'update',
  reason: `${attribute} changed`,
  ...rest,
});

const render = (changes: Change[], color = false, destroy = false) =>
  renderPlan({ stack: 'shop', changes, units: [] }, { color, destroy });

it('reports an empty plan', () => {
  expect(render([])).toBe('No changes. Your infrastructure matches the configuration.');
  expect(render([], false, true)).toBe('No objects need to be destroyed.');
});

it('shows every action with its symbol, and counts a replace twice', () => {
  const changes = [
    change('image.web', 'create', {
      reasons: ['new'],
      spec: {
        id: 'shop.web',
        size: 536870912,
        from: { host: { binaries: ['/bin/busybox'], files: [] } },
        copy: [{ from: '/srv/site', to: '/srv/www', owner: '0:0' }],
        run: [],
        config: { environment: {} },
      },
    }),
    change('container.web-1', 'update', {
      reasons: ['memory 64M → 96M'],
      differences: [differs('limits.memory', 67108864, 100663296)],
    }),
    change('container.db', 'replace', {
      reasons: ['command changed'],
      differences: [
        differs('command', ['sh'], ['busybox', 'httpd'], { effect: 'replace' }),
        differs('environment', { A: '1', B: '2' }, { B: '3', C: '4' }),
      ],
    }),
    change('bridge.old', 'delete', {
      reasons: ['no longer in the file'],
      spec: { link: 'bb-1', alias: 'x', subnet: '10.77.9.0/24', isolated: true },
    }),
    change('volume.x', 'forget', { reasons: ['its folder is gone'] }),
  ];
  expect(render(changes)).toBe(`baleine will perform the following actions:

  # image.web will be created (new)
  + image.web
      + size: 512M
      + from.host.binaries: ["/bin/busybox"]
      + copy: ["/srv/site → /srv/www"]

  # container.web-1 will be updated in-place (memory 64M → 96M)
  ~ container.web-1
      ~ limits.memory: 64M → 96M

  # container.db must be replaced (command changed)
-/+ container.db
      ~ command: ["sh"] → ["busybox","httpd"]  # forces replacement
      - environment.A: 1
      ~ environment.B: 2 → 3
      + environment.C: 4

  # bridge.old will be destroyed (no longer in the file)
  - bridge.old
      - subnet: 10.77.9.0/24
      - isolated: true

  # volume.x will be forgotten (its folder is gone)

Plan: 2 to add, 1 to change, 2 to destroy, 1 to forget.`);
});

it('hides generated attributes of a new container', () => {
  const spec = {
    id: 'shop.web-1',
    image: { name: 'web', file: '/r/images/shop.web.img', version: 'abc' },
    args: ['busybox', 'httpd'],
    user: '0:0',
    working_dir: '/srv',
    hostname: 'web-1',
    links: [
      { bridge: 'front', bridge_link: 'bb-1', link: 'bv-1', alias: 'a', device: 'eth0' },
      {
        bridge: 'back',
        link: 'bv-2',
        device: 'eth1',
        address: '10.77.2.4/24',
        mac: '02:00:00:00:00:01',
      },
    ],
    mounts: [{ source: '/r/volumes/shop/data', target: '/data', read_only: true }],
    environment: { MODE: 'prod' },
    limits: { memory: 67108864, pids: 100 },
    restart: { name: 'on-failure', max: 3 },
    stop_signal: 'SIGTERM',
    stop_grace_period: 90_000,
    security: 'default',
    cap_add: [],
    read_only: false,
    hosts_file: '/r/hosts/shop.front-1',
    logs: { max_size: 10485760 },
  };
  expect(render([change('container.web-1', 'create', { spec })])).toBe(
    `baleine will perform the following actions:

  # container.web-1 will be created
  + container.web-1
      + image: web
      + command: ["busybox","httpd"]
      + bridges.front: no address
      + bridges.back: 10.77.2.4/24, 02:00:00:00:00:01
      + volumes: ["/r/volumes/shop/data:/data:ro"]
      + working_dir: /srv
      + environment.MODE: prod
      + stop_grace_period: 1m30s
      + limits.memory: 64M
      + limits.pids: 100
      + restart: on-failure:3

Plan: 1 to add, 0 to change, 0 to destroy.`,
  );
});

it('shows a changed text as a unified diff', () => {
  const before = 'a\nb\nc\nd\ne\nserver 1\n';
  const after = 'a\nb\nc\nd\ne\nserver 2\n';
  const changes = [
    change('config.shop-proxy', 'update', {
      reasons: ['text changed'],
      differences: [differs('text', before, after)],
    }),
  ];
  expect(render(changes)).toBe(`baleine will perform the following actions:

  # config.shop-proxy will be updated in-place (text changed)
  ~ config.shop-proxy
      ~ text:
          @@ -3,4 +3,4 @@
           c
           d
           e
          -server 1
          +server 2

Plan: 0 to add, 1 to change, 0 to destroy.`);
});

it('prints drift first and refreshed files on one line', () => {
  const changes = [
    change('container.a', 'refresh'),
    change('bridge.front', 'update', { reasons: ['uplink changed'] }),
    change('container.b', 'refresh'),
    change('container.web-1', 'update', {
      drift: true,
      reasons: ['veth missing from bridge front'],
      differences: [differs('bridges.front', undefined, undefined, { cause: 'drift' })],
    }),
  ];
  expect(render(changes)).toBe(`Changes outside baleine were found:

  # container.web-1 will be updated in-place (veth missing from bridge front)
  ~ container.web-1

baleine will perform the following actions:

  # bridge.front will be updated in-place (uplink changed)
  ~ bridge.front

Files derived from others follow for: container.a, container.b

Plan: 0 to add, 2 to change, 0 to destroy.`);
});

it('never reads as empty when only derived files change', () => {
  expect(render([change('hosts.a', 'refresh')])).toContain(
    '\n\nPlan: 0 to add, 0 to change, 0 to destroy, 1 to refresh.',
  );
});

it('colors the symbols, and nothing without color', () => {
  const changes = [
    change('volume.a', 'create', { spec: { path: '/r/volumes/shop/a' } }),
    change('volume.b', 'delete'),
    change('volume.c', 'update'),
    change('volume.d', 'replace'),
  ];
  const colored = render(changes, true);
  expect(colored).toContain('  \x1b[32m+\x1b[0m volume.a\n      \x1b[32m+\x1b[0m path: /r/');
  expect(colored).toContain('  \x1b[31m-\x1b[0m volume.b');
  expect(colored).toContain('  \x1b[33m~\x1b[0m volume.c');
  expect(colored).toContain('\x1b[31m-\x1b[0m/\x1b[32m+\x1b[0m volume.d');
  expect(render(changes)).not.toContain('\x1b');
});

it('escapes control characters in values', () => {
  const evil = 'x\x1b[2J\u009b1m\u202ey';
  const changes = [
    change('container.a', 'update', {
      reasons: [evil],
      differences: [differs('user', evil, `${evil}\n`)],
    }),
  ];
  expect(render(changes)).toContain('x\\u001b[2J\\u009b1m\\u202ey');
  const raw = ['\x1b', '\x9b', '\u202e'].filter((each) => render(changes).includes(each));
  expect(raw).toEqual([]);
});

it('hides defaults of a new container', () => {
  const spec = {
    image: { name: 'web' },
    limits: { pids: 2048 },
    restart: { name: 'always' },
    user: '0:0',
  };
  expect(render([change('container.a', 'create', { spec })])).toContain(
    '  + container.a\n      + image: web\n\nPlan',
  );
});

it('shows removed and added entries of a list, never JSON', () => {
  const bind = (source: string, read_only = false) => ({ source, target: '/data', read_only });
  const placed = (published: number) => ({ host_ip: '0.0.0.0', published, target: 80 });
  const changes = [
    change('container.a', 'replace', {
      differences: [
        differs('volumes', [bind('/a'), bind('/k')], [bind('/k'), bind('/b', true)]),
        differs(
          'limits.io',
          [{ device: 'disk', read_bps: 1048576 }],
          [{ device: 'disk', read_bps: 10485760, write_iops: 500 }],
        ),
        differs('limits.devices', [{ allow: 'c 10:229 rwm' }], [{ deny: 'c 10:229 w' }]),
        differs('depends_on', [{ name: 'db', condition: 'service_healthy' }], []),
        differs('publish', undefined, [{ ...placed(8080), proxy_protocol: true }]),
        differs('cap_add', ['CAP_CHOWN'], ['CAP_CHOWN', 'CAP_KILL']),
        differs('dns', ['10.0.0.1', '10.0.0.2'], ['10.0.0.2', '10.0.0.1']),
        differs(
          'healthcheck',
          { exec: ['a'], timeout: 2000, start_interval: 1000 },
          { exec: ['a', 'b'], timeout: 500, start_interval: 2000 },
        ),
        differs('rotation', { drain: 30_000 }, { drain: 90_000 }),
      ],
    }),
    change('image.a', 'update', {
      differences: [
        differs(
          'copy',
          [],
          [
            { from: '/a', to: '/b', owner: '0:0' },
            { from: '/c', to: '/d', owner: '1:1', mode: '0600' },
          ],
        ),
      ],
    }),
  ];
  expect(render(changes)).toBe(`baleine will perform the following actions:

  # container.a must be replaced
-/+ container.a
      ~ volumes:
          - /a:/data
          + /b:/data:ro
      ~ limits.io:
          - device=disk,read_bps=1M
          + device=disk,read_bps=10M,write_iops=500
      ~ limits.devices:
          - allow c 10:229 rwm
          + deny c 10:229 w
      ~ depends_on:
          - db: service_healthy
      + publish: ["0.0.0.0:8080:80 with proxy_protocol"]
      ~ cap_add:
          + CAP_KILL
      ~ dns: ["10.0.0.1","10.0.0.2"] → ["10.0.0.2","10.0.0.1"]
      ~ healthcheck.exec: ["a"] → ["a","b"]
      ~ healthcheck.start_interval: 1s → 2s
      ~ healthcheck.timeout: 2s → 500ms
      ~ rotation.drain: 30s → 1m30s

  # image.a will be updated in-place
  ~ image.a
      ~ copy:
          + /a → /b
          + /c → /d (0600 1:1)

Plan: 1 to add, 1 to change, 1 to destroy.`);
});

it('names files whose content has changed, and cuts digests', () => {
  const [was, is] = ['ab', 'cd'].map((each) => each.repeat(32));
  const origin = { image: `sha256:${was}`, bytes: 1024 };
  const changes = [
    change('image.a', 'update', {
      differences: [
        differs('sources', was, is, { files: ['/srv/site', '/srv/x\x1b.conf'] }),
        differs('layers', was, is),
        differs('origin', origin, { image: `sha256:${is}`, bytes: 2048 }),
        differs('environment', { version: was }, { version: is }),
      ],
    }),
  ];
  expect(render(changes).split('\n').slice(4, -2)).toEqual([
    '      ~ sources: content of /srv/site',
    '      ~ sources: content of /srv/x\\u001b.conf',
    '      ~ layers: abababababab → cdcdcdcdcdcd',
    '      ~ origin.bytes: 1K → 2K',
    '      ~ origin.image: abababababab → cdcdcdcdcdcd',
    `      ~ environment.version: ${was} → ${is}`,
  ]);
});
