import { describe, expect, it } from 'vitest';
import { checkPublishedPorts, opensPorts } from '../../src/kinds/container/port-conflicts.js';
import { healthTarget } from '../../src/model/health.js';
import { formatAllPublished } from '../../src/model/publish.js';
import type { ContainerSpec } from '../../src/model/specs.js';
import { complaint, read } from '../config/read.js';
import { MemoryStack } from '../support/memory-stack.js';

const file = (publish: string, more = '', image = 'web') => `
name: shop
images: { web: { from: { directory: / }, command: [httpd] } }
bridges: { front: { subnet: 10.77.1.0/24, subnet6: "fd00:77:1::/64" } }
containers:
  web: { image: ${image}, publish: ${publish} ${more} }
`;

const ONE = '[{ published: 8080, socket_activation: true }]';
const TWO =
  '[{ published: 443, socket_activation: tls, host_ip: "::" }, { published: 8080, socket_activation: true }]';

const specOf = (stack: MemoryStack) =>
  stack.rows.find(({ kind, name }) => kind === 'container' && name === 'web')
    ?.spec as ContainerSpec;

describe('socket activation', () => {
  it('needs neither a forwarder nor a bridge', async () => {
    const stack = new MemoryStack();
    expect(stack.planText(file(ONE))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # image.web will be created (new)
        + image.web
            + size: 512M
            + from.directory: /
            + command: ["httpd"]

        # bridge.front will be created (new)
        + bridge.front
            + subnet: 10.77.1.0/24
            + subnet6: fd00:77:1::/64

        # container.web will be created (new)
        + container.web
            + image: web
            + command: ["httpd"]
            + publish: ["0.0.0.0:8080 by socket activation"]

      Files derived from others follow for: hosts.none-4f53cd

      Plan: 3 to add, 0 to change, 0 to destroy."
    `);
    await stack.apply(file(ONE));
    expect(specOf(stack).sockets).toEqual([{ host_ip: '0.0.0.0', published: 8080, name: '8080' }]);
    expect(stack.plan(file(ONE)).changes).toEqual([]);
  });

  it('gives sockets in the order of the file, for one family each, and restarts for others', async () => {
    const stack = new MemoryStack();
    const on = ', bridges: [front]';
    await stack.apply(file(ONE, on));
    expect(stack.planText(file(TWO, on))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # container.web will be updated in-place (publish changed, sockets changed, takes a restart)
        ~ container.web
            ~ publish:
                + [::]:443 by socket activation
            ~ sockets:
                + [::]:443 as tls

      Plan: 0 to add, 1 to change, 0 to destroy."
    `);
    expect(opensPorts(stack.plan(file(TWO, on)))).toBe(true);
    await stack.apply(file(TWO, on));
    expect(specOf(stack).sockets).toEqual([
      { host_ip: '::', published: 443, name: 'tls' },
      { host_ip: '0.0.0.0', published: 8080, name: '8080' },
    ]);
    const renamed = TWO.replace('tls', 'https');
    expect(stack.planText(file(renamed, on))).toContain('[::]:443 as https');
  });

  it('is beside other ports, which the forwarder carries', async () => {
    const stack = new MemoryStack();
    const both = `["80:80", { published: 8080, socket_activation: true }]`;
    const text = file(both, ', bridges: [front]').replace('subnet6', 'host: 10.77.1.1, subnet6');
    await stack.apply(text);
    const forwarder = stack.rows.find(
      ({ kind, name }) => kind === 'config' && name === 'forwarder',
    );
    expect(JSON.stringify(forwarder)).toContain('0.0.0.0:80');
    expect(JSON.stringify(forwarder)).not.toContain('8080');
  });

  it('is checked on the host', () => {
    const healthcheck = { http: { port: 8080, path: '/' } } as ContainerSpec['healthcheck'];
    const spec = { id: 'shop.web', healthcheck, links: [{ address: '10.77.1.2/24' }] };
    const at = (host_ip: string) => [
      { host_ip, published: 8080, target: 80, socket_activation: '8080' },
    ];
    const target = (host_ip: string) => healthTarget({ ...spec, publish: at(host_ip) });
    expect(target('0.0.0.0')).toMatchObject({ address: '127.0.0.1', on_host: true });
    expect(target('::')).toMatchObject({ address: '::1', on_host: true });
    expect(target('10.0.0.1')).toMatchObject({ address: '10.0.0.1', on_host: true });
    const other = [{ host_ip: '0.0.0.0', published: 8080, target: 80 }];
    expect(healthTarget({ ...spec, publish: other })).not.toHaveProperty('on_host');
  });

  it('is refused by the plan where somebody else listens', () => {
    const listener = (address: string) => ({ address, pid: 7, program: 'nginx' });
    expect(() => checkPublishedPorts(read(file(ONE)), { addresses: () => [], listener })).toThrow(
      'baleine.yaml:6:32: cannot publish 0.0.0.0:8080: nginx (process 7) listens there',
    );
  });

  it('is shown as a port of the host, not as a range', () => {
    const at = (published: number) => ({
      ...{ host_ip: '0.0.0.0', published, target: published },
      socket_activation: 'x',
    });
    expect(formatAllPublished([at(1), at(2)])).toBe('0.0.0.0:1,0.0.0.0:2');
  });

  it.each([
    ['[{ socket_activation: true }]', '', 'it names none'],
    ['[{ published: 0, socket_activation: true }]', '', 'published must be'],
    ['[{ published: "80-81", socket_activation: true }]', '', 'it names none'],
    ['[{ published: 80, socket_activation: true, protocol: udp }]', '', 'is for TCP ports'],
    [
      '[{ published: 80, socket_activation: true, proxy_protocol: true }]',
      '',
      'takes no proxy_protocol',
    ],
    ['[{ published: 80, socket_activation: "a:b" }]', '', 'must be true or a name'],
    ['[{ published: 80 }]', '', 'publishes no port'],
    [ONE, ', replicas: 2', '2 replicas cannot share one port of the host'],
    [ONE, ', runtime: runsc', 'runtime runsc passes no sockets on'],
    [ONE, ', init: true', 'they would be those of init'],
    [ONE, ', wasm: true', 'crun passes no sockets on to a WebAssembly module'],
    [ONE, ', pid: "service:other"', 'its program is not process 1'],
    [ONE, ', cap_add: [NET_ADMIN]', 'change the network of the host'],
    [ONE, ', cap_add: [ALL]', 'change the network of the host'],
    [`[${ONE.slice(1, -1)}, ${ONE.slice(1, -1)}]`, '', 'is already published by containers.web'],
    ['["80:80"]', ', network_mode: none', 'network_mode: none has no publish'],
  ])('refuses %s%s', (publish, more, message) => {
    expect(complaint(file(publish, more))).toContain(message);
  });

  it('takes what only forwarded ports exclude', () => {
    for (const more of [', network_mode: none', ', userns: auto, cap_add: [NET_ADMIN]']) {
      expect(read(file(ONE, more)).containers.web?.publish).toHaveLength(1);
    }
  });

  it('is for a proxy with a command of its own, and not for servers of a farm', () => {
    const farm = (server: string, proxy: string) => `
name: shop
images: { web: { from: { directory: / }, command: [httpd] } }
bridges: { front: { subnet: 10.77.1.0/24 } }
farms:
  shop:
    servers: { image: web, bridges: [front], port: 80 ${server} }
    proxy: { image: web, bridges: [front], listen: 80 ${proxy} }
`;
    const publish = `, publish: ${ONE}`;
    expect(complaint(farm(publish, ''))).toContain('the servers of a farm share no socket');
    expect(complaint(farm('', publish))).toContain('the proxy of a farm has sockets of its own');
    expect(read(farm('', `${publish}, command: [httpd]`)).farms.shop).toBeDefined();
  });
});
