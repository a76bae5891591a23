import { describe, expect, it } from 'vitest';
import type { Capacity, Listener } from '../../src/host/ports.js';
import { withHostPorts } from '../../src/kinds/container/host-ports.js';
import { checkPublishedPorts, opensPorts } from '../../src/kinds/container/port-conflicts.js';
import { formatAllPublished } from '../../src/model/publish.js';
import type { ContainerSpec } from '../../src/model/specs.js';
import { complaint, read } from '../config/read.js';
import { MemoryStack } from '../support/memory-stack.js';

const file = (publish: string, more = '', keys = '') => `
name: shop
images: { web: { from: { directory: / }, command: [httpd] } }
bridges: { front: { subnet: 10.77.1.0/24, host: 10.77.1.1 } }
containers:
  web: { image: web, bridges: [front], publish: ${publish} ${keys} }
${more}`;

const published = (stack: MemoryStack, name = 'web') =>
  (stack.rows.find((row) => row.kind === 'container' && row.name === name)?.spec as ContainerSpec)
    ?.publish;

const ports = (stack: MemoryStack, name?: string) =>
  published(stack, name)?.map((each) => each.published);

describe('published UDP ports', () => {
  it('come with a forwarder of their own', () => {
    expect(new MemoryStack().planText(file('["53:53/udp"]'))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # image.web will be created (new)
        + image.web
            + size: 512M
            + from.directory: /
            + command: ["httpd"]

        # image.forwarder-udp will be created (new)
        + image.forwarder-udp
            + size: 64M
            + from.host.binaries: ["/usr/sbin/nginx"]
            + from.host.files: ["/usr/lib/nginx/modules/ngx_stream_module.so"]

        # bridge.front will be created (new)
        + bridge.front
            + subnet: 10.77.1.0/24
            + host: 10.77.1.1

        # config.forwarder-udp will be created (new)
        + config.forwarder-udp
            + file: nginx.conf
            + text: 18 lines

        # container.web will be created (new)
        + container.web
            + image: web
            + command: ["httpd"]
            + bridges.front: 10.77.1.2/24
            + publish: ["0.0.0.0:53:53/udp"]

        # container.forwarder-udp will be created (new)
        + container.forwarder-udp
            + image: forwarder-udp
            + command: ["/usr/sbin/nginx","-e","stderr","-c","/etc/baleine/nginx.conf"]
            + volumes: ["/var/lib/baleine/configs/shop/forwarder-udp:/etc/baleine:ro"]
            + cap_add: ["CAP_NET_BIND_SERVICE"]
            + cap_drop: ["ALL"]
            + read_only: true
            + ulimits.nofile.soft: 65536
            + ulimits.nofile.hard: 65536
            + user: 65534:65534
            + heal: immediate
            + host_network: true
            + limits.pids: 16
            + limits.memory: 512M

      Files derived from others follow for: hosts.front-7a66a5, hosts.none-4f53cd

      Plan: 6 to add, 0 to change, 0 to destroy."
    `);
  });

  it('change their forwarder in place, which replaces its worker', async () => {
    const stack = new MemoryStack();
    const both = '["53:53/udp", "53:53", "127.0.0.1:9000:9000/udp"]';
    await stack.apply(file('["53:53/udp", "53:53"]'));
    expect(stack.planText(file(both))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # config.forwarder-udp will be updated in-place (text changed)
        ~ config.forwarder-udp
            ~ text:
                @@ -15,4 +15,9 @@
                         proxy_pass 10.77.1.2:53;
                         proxy_timeout 30s;
                     }
                +    server { # 127.0.0.1:9000/udp of web
                +        listen 127.0.0.1:9000 udp rcvbuf=4m sndbuf=4m;
                +        proxy_pass 10.77.1.2:9000;
                +        proxy_timeout 120s;
                +    }
                 }

        # container.web will be updated in-place (publish changed)
        ~ container.web
            ~ publish:
                + 127.0.0.1:9000:9000/udp

      Plan: 0 to add, 2 to change, 0 to destroy."
    `);
    await stack.apply(file(both));
    expect(stack.host.signals).toEqual(['SIGHUP shop.forwarder-udp']);
    expect(stack.plan(file(both)).changes).toEqual([]);
    expect(stack.rows.filter(({ name }) => name === 'forwarder')).toHaveLength(3);
    await stack.apply(file('["53:53"]'));
    expect(stack.rows.filter(({ name }) => name === 'forwarder-udp')).toEqual([]);
    expect(stack.rows.filter(({ name }) => name === 'forwarder')).toHaveLength(3);
  });

  it('are started again, and waited for, after the forwarder exited', async () => {
    const stack = new MemoryStack();
    await stack.apply(file('["53:53/udp"]'));
    stack.host.end('shop.forwarder-udp', 1);
    const { units } = stack.plan(file('["53:53/udp"]'));
    expect(units.flatMap(({ steps }) => steps.map(({ verb }) => verb))).toEqual([
      'container.start',
      'container.listen',
    ]);
  });

  it('come and go with a targeted container', async () => {
    const stack = new MemoryStack();
    const more = '  other: { image: web, bridges: [front] }';
    const options = { targets: ['container.web' as const] };
    const changed = stack.plan(file('["53:53/udp"]', more), options).changes;
    const addresses = changed.map(({ address }) => address);
    expect(addresses).toEqual(expect.arrayContaining(['container.forwarder-udp']));
    expect(addresses).not.toContain('container.forwarder');
  });

  it.each([
    ['a name that is taken', '  forwarder-udp: { image: web }', 'container forwarder-udp is what'],
    [
      'a port of two containers',
      '  b: { image: web, bridges: [front], publish: ["127.0.0.1:53:5353/udp"] }',
      'port 53/udp of every address is already published by containers.web',
    ],
    [
      'a port of several replicas',
      '  b: { image: web, bridges: [front], replicas: 2, publish: ["54:53/udp"] }',
      '2 replicas cannot share one port of the host',
    ],
  ])('are refused for %s', (_, more, message) =>
    expect(complaint(file('["53:53/udp"]', more))).toContain(message),
  );

  it('are refused for the proxy of a farm, unless it has a command of its own', () => {
    const farm = (proxy: string) => `
farms:
  shop:
    servers: { image: web, bridges: [front], port: 80 }
    proxy: { image: web, bridges: [front], listen: 80, publish: ["80:80", "53:53/udp"] ${proxy} }
`;
    expect(complaint(file('[]', farm('')))).toContain(
      'port 53/udp cannot be published: the proxy of a farm has TCP ports only',
    );
    expect(() => read(file('[]', farm(', command: [dns]')))).not.toThrow();
  });

  it('are refused where another process has the port, which TCP does not disturb', () => {
    const listener = (_address: string, port: number, protocol?: 'udp'): Listener | undefined =>
      port === 53 && protocol ? { address: '0.0.0.0', pid: 9, program: 'dnsmasq' } : undefined;
    const host: Pick<Capacity, 'addresses' | 'listener'> = { addresses: () => [], listener };
    const config = read(file('["53:53", "53:53/udp"]'));
    expect(() => checkPublishedPorts(config, host)).toThrow(
      /^baleine\.yaml:6:\d+: cannot publish 0\.0\.0\.0:53\/udp: dnsmasq \(process 9\) listens there$/,
    );
    expect(() => checkPublishedPorts(read(file('["53:53"]')), host)).not.toThrow();
  });

  it('are checked when the forwarder opens them', async () => {
    const stack = new MemoryStack();
    expect(opensPorts(stack.plan(file('["53:53/udp"]')))).toBe(true);
    await stack.apply(file('["53:53/udp"]'));
    expect(opensPorts(stack.plan(file('["53:53/udp"]')))).toBe(false);
  });
});

describe('ranges', () => {
  it('publish each port', () => {
    const { publish } =
      read(file('["8000-8002:9000-9002", "127.0.0.1:70:70"]')).containers.web ?? {};
    expect(publish).toMatchObject([
      { host_ip: '0.0.0.0', published: 8000, target: 9000, at: 0 },
      { host_ip: '0.0.0.0', published: 8001, target: 9001, at: 0 },
      { host_ip: '0.0.0.0', published: 8002, target: 9002, at: 0 },
      { host_ip: '127.0.0.1', published: 70, target: 70, at: 1 },
    ]);
  });

  it('are shown as such', () => {
    const { publish = [] } =
      read(file('["8000-8002:9000-9002/udp", "8003:9003", "9000:80", "9001:80"]')).containers.web ??
      {};
    expect(formatAllPublished(publish)).toBe(
      '0.0.0.0:8000-8002:9000-9002/udp,0.0.0.0:8003:9003,0.0.0.0:9000:80,0.0.0.0:9001:80',
    );
  });

  it('report the place in the file', () => {
    const text = file('["8000-8002:9000-9002", "8001:70"]');
    expect(complaint(text)).toMatch(/6:\d+.* 0\.0\.0\.0:8001 is already published/);
  });
});

describe('ports that baleine chooses', () => {
  it('are in the plan, and stay', async () => {
    const stack = new MemoryStack();
    await stack.apply(file('["80", "127.0.0.1::81", "53/udp"]'));
    const first = published(stack);
    expect(first).toEqual([
      { host_ip: '0.0.0.0', published: expect.any(Number), target: 80 },
      { host_ip: '127.0.0.1', published: expect.any(Number), target: 81 },
      { host_ip: '0.0.0.0', published: expect.any(Number), target: 53, protocol: 'udp' },
    ]);
    for (const port of ports(stack) ?? []) expect(port).toBeGreaterThanOrEqual(61_000);
    expect(new Set(ports(stack)).size).toBe(3);
    expect(stack.plan(file('["80", "127.0.0.1::81", "53/udp"]')).changes).toEqual([]);
    await stack.apply(file('["53/udp", "127.0.0.1::81", "82", "80"]'));
    const [udp, other, fresh, tcp] = published(stack) ?? [];
    expect([tcp, other, udp]).toEqual(first);
    expect(ports(stack)?.filter((each) => each === fresh?.published)).toHaveLength(1);
  });

  it('are the first free one of a range', async () => {
    const stack = new MemoryStack();
    const more = `
  a: { image: web, bridges: [front], publish: ["8000:80"] }
  b: { image: web, bridges: [front], publish: ["8000-8002:80"] }
`;
    await stack.apply(file('["8000-8002:80"]', more));
    expect([ports(stack), ports(stack, 'b')]).toEqual([[8001], [8002]]);
    const none = '  c: { image: web, bridges: [front], publish: ["8001-8002:80"] }';
    expect(() => stack.plan(file('["8000-8002:80"]', `${more}${none}`))).toThrow(
      /baleine\.yaml:\d+:\d+: cannot publish port 80 of container c: each of 8001 to 8002 is in use/,
    );
    await stack.apply(file('["8000-8002:80"]', more.replace(/^ {2}a.*\n/m, '')));
    expect(ports(stack)).toEqual([8001]);
  });

  it('are one for each replica', async () => {
    const stack = new MemoryStack();
    await stack.apply(file('["80", "53/udp"]', '', ', replicas: 3'));
    const all = [1, 2, 3].flatMap((number) => ports(stack, `web-${number}`));
    expect(new Set(all).size).toBe(6);
    const names = [1, 2].map((number) => published(stack, `web-${number}`));
    await stack.apply(file('["80", "53/udp"]', '', ', replicas: 2'));
    expect([1, 2].map((number) => published(stack, `web-${number}`))).toEqual(names);
    expect(stack.plan(file('["80", "53/udp"]', '', ', replicas: 2')).changes).toEqual([]);
  });

  it('yield to a port that the file gives to another container', async () => {
    const stack = new MemoryStack();
    await stack.apply(file('["80"]'));
    const [before] = ports(stack) ?? [];
    const other = `  b: { image: web, bridges: [front], publish: ["${before}:80"] }`;
    await stack.apply(file('["80"]', other));
    expect(ports(stack, 'b')).toEqual([before]);
    expect(ports(stack)).not.toEqual([before]);
  });

  it('are those of a farm’s proxy, too', async () => {
    const stack = new MemoryStack();
    const farm = `
farms:
  shop:
    servers: { image: web, bridges: [front], port: 80 }
    proxy: { image: web, bridges: [front], listen: 80, publish: ["80"] }
`;
    await stack.apply(file('[]', farm));
    const [port] = ports(stack, 'shop-proxy') ?? [];
    const proxy = stack.rows.find(
      ({ kind, name }) => kind === 'container' && name === 'shop-proxy',
    );
    expect(proxy?.spec).toMatchObject({ sockets: [{ host_ip: '0.0.0.0', published: port }] });
  });

  it('are not ones where somebody listens or that another stack publishes', () => {
    const row = (port: number) => ({
      ...{ kind: 'container', name: 'x', stack: 'other', status: 'ready', facts: {} },
      spec: { publish: [{ host_ip: '127.0.0.1', published: port, target: 1 }] },
    });
    const config = read(file('["8000-8003:80"]'));
    const rows = [row(8001)] as never;
    const isTaken = (_: string, port: number) =>
      port === 8000 || port === 8002 ? { address: '::' } : undefined;
    const made = withHostPorts(config, rows, isTaken);
    expect(made.containers.web?.publish).toMatchObject([{ published: 8003 }]);
  });
});
