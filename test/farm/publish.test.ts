import { describe, expect, it } from 'vitest';
import type { Capacity, Listener } from '../../src/host/ports.js';
import { checkPublishedPorts, opensPorts } from '../../src/kinds/container/port-conflicts.js';
import { complaint, read } from '../config/read.js';
import { MemoryStack } from '../support/memory-stack.js';

const file = (publish: string, more = '') => `
name: shop
images: { web: { from: { directory: / }, command: [httpd] } }
bridges: { front: { subnet: 10.77.1.0/24, host: 10.77.1.1 } }
containers:
  web: { image: web, bridges: [front], publish: ${publish} }
${more}`;

const ONE = '["127.0.0.1:8080:80"]';

describe('published ports', () => {
  it('come with a forwarder, its image and its configuration', () => {
    expect(new MemoryStack().planText(file(ONE))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # image.web will be created (new)
        + image.web
            + size: 512M
            + from.directory: /
            + command: ["httpd"]

        # image.forwarder will be created (new)
        + image.forwarder
            + size: 64M
            + from.host.binaries: ["/usr/sbin/haproxy"]

        # bridge.front will be created (new)
        + bridge.front
            + subnet: 10.77.1.0/24
            + host: 10.77.1.1

        # config.forwarder will be created (new)
        + config.forwarder
            + file: haproxy.cfg
            + text: 21 lines

        # container.web will be created (new)
        + container.web
            + image: web
            + command: ["httpd"]
            + bridges.front: 10.77.1.2/24
            + publish: ["127.0.0.1:8080:80"]

        # container.forwarder will be created (new)
        + container.forwarder
            + image: forwarder
            + command: ["/usr/sbin/haproxy","-W","-db","-f","/etc/baleine/haproxy.cfg"]
            + volumes: ["/var/lib/baleine/configs/shop/forwarder:/etc/baleine:ro"]
            + cap_add: ["CAP_KILL","CAP_NET_BIND_SERVICE","CAP_SETGID","CAP_SETUID"]
            + cap_drop: ["ALL"]
            + read_only: true
            + ulimits.nofile.soft: 65536
            + ulimits.nofile.hard: 65536
            + heal: immediate
            + host_network: true
            + limits.pids: 256

      Files derived from others follow for: hosts.front-7a66a5, hosts.none-4f53cd

      Plan: 6 to add, 0 to change, 0 to destroy."
    `);
  });

  it('change the container and the forwarder only in place', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(ONE));
    expect(stack.planText(file('["127.0.0.1:8081:80"]'))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # config.forwarder will be updated in-place (text changed)
        ~ config.forwarder
            ~ text:
                @@ -16,6 +16,6 @@
                     timeout client 24d
                     timeout server 24d
                 
                -listen 127.0.0.1:8080
                -    bind 127.0.0.1:8080
                +listen 127.0.0.1:8081
                +    bind 127.0.0.1:8081
                     server web 10.77.1.2:80

        # container.web will be updated in-place (publish changed)
        ~ container.web
            ~ publish:
                - 127.0.0.1:8080:80
                + 127.0.0.1:8081:80

      Plan: 0 to add, 2 to change, 0 to destroy."
    `);
    await stack.apply(file('["127.0.0.1:8081:80"]'));
    expect(stack.host.signals).toEqual(['SIGUSR2 shop.forwarder']);
    expect(stack.plan(file('["127.0.0.1:8081:80"]')).changes).toEqual([]);
  });

  it('remove the forwarder with the last of them', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(ONE));
    await stack.apply(file('[]'));
    expect(stack.rows.filter(({ name }) => name === 'forwarder')).toEqual([]);
    expect([...stack.host.namespaces.keys()].length).toBe(1);
  });

  it('are added and removed with a targeted container', async () => {
    const stack = new MemoryStack();
    const more = '  other: { image: web, bridges: [front] }';
    const only = (text: string) => {
      const { changes } = stack.plan(text, { targets: ['container.web'] });
      return changes.filter(({ action }) => action !== 'refresh').map(({ address }) => address);
    };
    const carriers = ['image.forwarder', 'config.forwarder', 'container.forwarder'];
    expect(only(file(ONE, more)).sort()).toEqual(
      [...carriers, 'bridge.front', 'container.web', 'image.web'].sort(),
    );
    await stack.apply(file(ONE, more));
    expect(only(file('["127.0.0.1:8081:80"]', more))).toEqual([
      'config.forwarder',
      'container.web',
    ]);
    expect(only(file('[]', more)).sort()).toEqual([...carriers, 'container.web'].sort());
    const gone = file(ONE, more).replace(/^ {2}web: .*\n/m, '');
    expect(only(gone.replace('containers:\n\n', 'containers:\n')).sort()).toEqual(
      [...carriers, 'container.web'].sort(),
    );
  });

  it('are forwarded again after the forwarder exited', async () => {
    const stack = new MemoryStack();
    await stack.apply(file(ONE));
    stack.host.end('shop.forwarder', 1);
    const plan = stack.plan(file(ONE));
    expect(plan.units.flatMap(({ steps }) => steps.map(({ verb }) => verb))).toEqual([
      'container.start',
      'container.listen',
    ]);
    expect(plan.changes[0]?.reasons).toEqual([expect.stringMatching(/^process \d+ ended with 1$/)]);
  });
});

describe('rejected by the file alone', () => {
  it.each([
    ['a name that is taken', '  forwarder: { image: web }', 'container forwarder is what carries'],
    [
      'a port of two containers',
      '  b: { image: web, bridges: [front], publish: ["0.0.0.0:8080:80"] }',
      '0.0.0.0:8080 is already published by containers.web',
    ],
  ])('%s', (_, more, message) => expect(complaint(file(ONE, more))).toContain(message));
});

describe('rejected by the host', () => {
  const host = (listeners: Record<string, Listener>): Pick<Capacity, 'addresses' | 'listener'> => ({
    addresses: () => ['192.0.2.7'],
    listener: (address, port) => listeners[`${address}:${port}`],
  });
  const taken = (publish: string, listener?: Listener) => {
    const place = publish.replace(/:80$/, '');
    const config = read(file(JSON.stringify([publish])));
    try {
      checkPublishedPorts(config, host(listener ? { [place]: listener } : {}));
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };

  it.each(['127.0.0.2:8080:80', '0.0.0.0:8080:80', '192.0.2.7:8080:80', '10.77.1.1:8080:80'])(
    'is not %s',
    (publish) => expect(taken(publish)).toBeUndefined(),
  );

  it('is an address that the host does not have', () => {
    expect(taken('192.0.2.8:8080:80')).toMatch(
      /^baleine\.yaml:6:\d+: cannot publish 192\.0\.2\.8:8080: 192\.0\.2\.8 is not an address of this host$/,
    );
  });

  it.each([
    [{ pid: 412, program: 'nginx' }, 'nginx (process 412) listens there'],
    [
      { pid: 412, program: 'haproxy', container: 'other.forwarder' },
      'container forwarder of stack other (haproxy, process 412) listens there',
    ],
    [{}, 'a process that cannot be seen listens there'],
  ])('is a port in use: %j', (holder, cause) => {
    const message = taken('127.0.0.1:8080:80', { address: '0.0.0.0', ...holder });
    expect(message).toContain(`cannot publish 127.0.0.1:8080: ${cause}`);
  });

  it('is not a port of the stack’s own forwarder', () => {
    const own = { address: '127.0.0.1', pid: 5, container: 'shop.forwarder' };
    expect(taken('127.0.0.1:8080:80', own)).toBeUndefined();
  });

  it('is checked only if a port is opened', async () => {
    const stack = new MemoryStack();
    expect(opensPorts(stack.plan(file(ONE)))).toBe(true);
    await stack.apply(file(ONE));
    expect(opensPorts(stack.plan(file(ONE)))).toBe(false);
    expect(opensPorts(stack.plan(file('["127.0.0.1:8081:80"]')))).toBe(true);
    expect(opensPorts(stack.plan(file('[]')))).toBe(false);
  });
});
