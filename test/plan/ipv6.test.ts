import { describe, expect, it } from 'vitest';
import type { LinkSpec } from '../../src/model/container-values.js';
import { egressName } from '../../src/model/egress.js';
import { formatPublished } from '../../src/model/publish.js';
import type { BridgeSpec, ContainerSpec } from '../../src/model/specs.js';
import { MemoryStack } from '../support/memory-stack.js';

const IMAGES = `
images:
  base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox, httpd, -f] }
`;

/** Two containers on a bridge, whose keys a test gives. */
const dual = (front: string, web = '{}') => `name: one
${IMAGES}
bridges:
  front: { ${front} }
containers:
  web: { image: base, bridges: { front: ${web} } }
  api: { image: base, bridges: [front] }
`;

const V4 = 'subnet: 10.77.1.0/24, host: 10.77.1.1';
const BOTH = `${V4}, subnet6: "fd00:77:1::/64"`;

const spec = <Spec>(stack: MemoryStack, name: string) =>
  stack.rows.find((row) => row.name === name)?.spec as Spec;

describe('a bridge with an IPv6 subnet', () => {
  it('gives the host and containers an address of each family', () => {
    expect(
      new MemoryStack().planText(dual(BOTH, '{ address6: "FD00:77:1:0::00a" }')),
    ).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # image.base will be created (new)
        + image.base
            + size: 64M
            + from.host.binaries: ["/bin/busybox"]
            + command: ["busybox","httpd","-f"]

        # bridge.front will be created (new)
        + bridge.front
            + subnet: 10.77.1.0/24
            + host: 10.77.1.1
            + subnet6: fd00:77:1::/64
            + host6: fd00:77:1::1

        # container.web will be created (new)
        + container.web
            + image: base
            + command: ["busybox","httpd","-f"]
            + bridges.front: 10.77.1.2/24, fd00:77:1::a/64

        # container.api will be created (new)
        + container.api
            + image: base
            + command: ["busybox","httpd","-f"]
            + bridges.front: 10.77.1.3/24, fd00:77:1::2/64

      Files derived from others follow for: hosts.front-7a66a5

      Plan: 4 to add, 0 to change, 0 to destroy."
    `);
  });

  it('has nothing to do after an apply, and records canonical addresses', async () => {
    const stack = new MemoryStack();
    const text = dual(`${V4}, subnet6: "FD00:77:1::/64"`, '{ address6: "fd00:77:1:0::A" }');
    await stack.apply(text);
    expect(stack.plan(text).changes).toEqual([]);
    const [link] = spec<ContainerSpec>(stack, 'web').links as [LinkSpec];
    expect(link).toMatchObject({
      ...{ address: '10.77.1.2/24', gateway: '10.77.1.1' },
      ...{ address6: 'fd00:77:1::a/64', gateway6: 'fd00:77:1::1' },
    });
    const hosts = stack.rows.find(({ kind }) => kind === 'hosts')?.spec as { text: string };
    expect(hosts.text).toMatchInlineSnapshot(`
      "127.0.0.1 localhost
      ::1 localhost
      10.77.1.2 web
      fd00:77:1::a web
      10.77.1.3 api
      fd00:77:1::2 api
      "
    `);
  });

  it('is added to running containers, and taken away again, in place', async () => {
    const stack = new MemoryStack();
    await stack.apply(dual(V4));
    const processes = new Map(stack.host.processes);
    expect(stack.planText(dual(BOTH))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # bridge.front will be updated in-place (subnet6 (none) → fd00:77:1::/64, host6 (none) → fd00:77:1::1)
        ~ bridge.front
            + subnet6: fd00:77:1::/64
            + host6: fd00:77:1::1

        # container.web will be updated in-place (bridges.front eth0 10.77.1.2/24 via 10.77.1.1 → eth0 10.77.1.2/24 via 10.77.1.1, fd00:77:1::2/64 via fd00:77:1::1)
        ~ container.web
            ~ bridges.front: eth0 10.77.1.2/24 via 10.77.1.1 → eth0 10.77.1.2/24 via 10.77.1.1, fd00:77:1::2/64 via fd00:77:1::1

        # container.api will be updated in-place (bridges.front eth0 10.77.1.3/24 via 10.77.1.1 → eth0 10.77.1.3/24 via 10.77.1.1, fd00:77:1::3/64 via fd00:77:1::1)
        ~ container.api
            ~ bridges.front: eth0 10.77.1.3/24 via 10.77.1.1 → eth0 10.77.1.3/24 via 10.77.1.1, fd00:77:1::3/64 via fd00:77:1::1

      Files derived from others follow for: hosts.front-7a66a5

      Plan: 0 to add, 3 to change, 0 to destroy."
    `);
    await stack.apply(dual(BOTH));
    expect(stack.plan(dual(BOTH)).changes).toEqual([]);
    expect(stack.planText(dual(V4))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # bridge.front will be updated in-place (subnet6 fd00:77:1::/64 → (none), host6 fd00:77:1::1 → (none))
        ~ bridge.front
            - subnet6: fd00:77:1::/64
            - host6: fd00:77:1::1

        # container.web will be updated in-place (bridges.front eth0 10.77.1.2/24 via 10.77.1.1, fd00:77:1::2/64 via fd00:77:1::1 → eth0 10.77.1.2/24 via 10.77.1.1)
        ~ container.web
            ~ bridges.front: eth0 10.77.1.2/24 via 10.77.1.1, fd00:77:1::2/64 via fd00:77:1::1 → eth0 10.77.1.2/24 via 10.77.1.1

        # container.api will be updated in-place (bridges.front eth0 10.77.1.3/24 via 10.77.1.1, fd00:77:1::3/64 via fd00:77:1::1 → eth0 10.77.1.3/24 via 10.77.1.1)
        ~ container.api
            ~ bridges.front: eth0 10.77.1.3/24 via 10.77.1.1, fd00:77:1::3/64 via fd00:77:1::1 → eth0 10.77.1.3/24 via 10.77.1.1

      Files derived from others follow for: hosts.front-7a66a5

      Plan: 0 to add, 3 to change, 0 to destroy."
    `);
    const steps = stack.plan(dual(V4)).units.flatMap((unit) => unit.steps);
    const args = steps.map((step) => step.args as { release6?: string; withdrawn?: object });
    expect(args.map(({ release6, withdrawn }) => release6 ?? withdrawn)).toMatchInlineSnapshot(`
      [
        "fd00:77:1::1/64",
        undefined,
        [
          {
            "address6": "fd00:77:1::2/64",
            "device": "eth0",
            "gateway": undefined,
            "gateway6": "fd00:77:1::1",
          },
        ],
        [
          {
            "address6": "fd00:77:1::3/64",
            "device": "eth0",
            "gateway": undefined,
            "gateway6": "fd00:77:1::1",
          },
        ],
      ]
    `);
    await stack.apply(dual(V4));
    expect(stack.plan(dual(V4)).changes).toEqual([]);
    expect(stack.host.processes).toEqual(processes);
  });

  it('heals lost addresses and default routes', async () => {
    const stack = new MemoryStack();
    await stack.apply(dual(BOTH));
    const { link } = spec<BridgeSpec>(stack, 'front');
    const bridge = stack.host.links.get(link);
    stack.host.links.set(link, { ...bridge, addresses6: [] } as never);
    const [first, second] = [...stack.host.namespaces6.keys()];
    stack.host.namespaces6.set(first ?? '', new Map());
    stack.host.gateways6.set(second ?? '', new Map());
    expect(stack.planText(dual(BOTH))).toMatchInlineSnapshot(`
      "Changes outside baleine were found:

        # bridge.front will be updated in-place (address fd00:77:1::1/64 is missing)
        ~ bridge.front

        # container.web will be updated in-place (address fd00:77:1::2/64 is missing from eth0)
        ~ container.web

        # container.api will be updated in-place (default route via fd00:77:1::1 is missing)
        ~ container.api

      Plan: 0 to add, 3 to change, 0 to destroy."
    `);
    await stack.apply(dual(BOTH));
    expect(stack.plan(dual(BOTH)).changes).toEqual([]);
  });

  it('can be the only subnet of a bridge', async () => {
    const stack = new MemoryStack();
    const only = dual('subnet6: "2001:db8:1::/126", host6: auto');
    await stack.apply(only);
    expect(spec<ContainerSpec>(stack, 'web').links[0]).toMatchObject({
      address6: '2001:db8:1::2/126',
      gateway6: '2001:db8:1::1',
    });
    expect(spec<BridgeSpec>(stack, 'front').host6).toBe('2001:db8:1::1');
    expect(() =>
      stack.plan(only.replace('api:', 'more: { image: base, bridges: [front] }\n  api:')),
    ).toThrow('all of 2001:db8:1::/126 on bridge front are in use');
  });

  it('gives spares and routers addresses of their own', async () => {
    const stack = new MemoryStack();
    await stack.apply(dual('subnet6: "fd00::/64", gateway6: "fd00::1", uplink: eth1'));
    const links = ['web', 'api'].map((name) => spec<ContainerSpec>(stack, name).links[0]);
    expect(links.map((each) => [each?.address6, each?.gateway6])).toEqual([
      ['fd00::2/64', 'fd00::1'],
      ['fd00::3/64', 'fd00::1'],
    ]);
    expect(spec<BridgeSpec>(stack, 'front').host6).toBeUndefined();
  });

  it('has no IPv6 default route beside a way out', async () => {
    const stack = new MemoryStack();
    await stack.apply(dual(`${BOTH}, egress: true`));
    const [link] = spec<ContainerSpec>(stack, 'web').links as [LinkSpec];
    expect(link.address6).toBe('fd00:77:1::2/64');
    expect(link.gateway6).toBeUndefined();
    const wayOut = spec<ContainerSpec>(stack, egressName('front'));
    expect(wayOut.links.map(({ address6 }) => address6)).toEqual([undefined]);
  });
});

describe('a port published without an address', () => {
  const web = (publish: string, front = BOTH) => `name: one
${IMAGES}
bridges:
  front: { ${front} }
containers:
  web: { image: base, bridges: [front], publish: ${publish} }
`;

  it('is open on both families where the container has both', async () => {
    const stack = new MemoryStack();
    const ports = '["8080:80", "127.0.0.1:8081:81", "0.0.0.0:8082:82", "[::1]:8083:83"]';
    await stack.apply(web(ports, V4));
    expect(stack.planText(web(ports))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # bridge.front will be updated in-place (subnet6 (none) → fd00:77:1::/64, host6 (none) → fd00:77:1::1)
        ~ bridge.front
            + subnet6: fd00:77:1::/64
            + host6: fd00:77:1::1

        # config.forwarder will be updated in-place (text changed)
        ~ config.forwarder
            ~ text:
                @@ -31,3 +31,7 @@
                 listen ::1:8083
                     bind [::1]:8083
                     server web 10.77.1.2:83
                +
                +listen :::8080
                +    bind [::]:8080 v6only
                +    server web 10.77.1.2:80

        # container.web will be updated in-place (bridges.front eth0 10.77.1.2/24 via 10.77.1.1 → eth0 10.77.1.2/24 via 10.77.1.1, fd00:77:1::2/64 via fd00:77:1::1, publish changed)
        ~ container.web
            ~ bridges.front: eth0 10.77.1.2/24 via 10.77.1.1 → eth0 10.77.1.2/24 via 10.77.1.1, fd00:77:1::2/64 via fd00:77:1::1
            ~ publish:
                + [::]:8080:80

      Files derived from others follow for: hosts.front-7a66a5

      Plan: 0 to add, 3 to change, 0 to destroy."
    `);
    await stack.apply(web(ports));
    expect(stack.plan(web(ports)).changes).toEqual([]);
    expect(spec<ContainerSpec>(stack, 'web').publish?.map(formatPublished)).toEqual([
      ...['0.0.0.0:8080:80', '127.0.0.1:8081:81', '0.0.0.0:8082:82', '[::1]:8083:83'],
      '[::]:8080:80',
    ]);
  });

  it('keeps its chosen number, which is the same on both', async () => {
    const stack = new MemoryStack();
    await stack.apply(web('["80", "81/udp"]'));
    const chosen = spec<ContainerSpec>(stack, 'web').publish ?? [];
    expect(chosen.map(({ host_ip, target }) => `${host_ip} ${target}`)).toEqual([
      ...['0.0.0.0 80', '0.0.0.0 81', ':: 80', ':: 81'],
    ]);
    expect(chosen[2]?.published).toBe(chosen[0]?.published);
    expect(chosen[3]?.published).toBe(chosen[1]?.published);
    expect(stack.plan(web('["80", "81/udp"]')).changes).toEqual([]);
  });

  it('conflicts on each family', () => {
    const two = (first: string, second: string) =>
      web(`["${first}"]`).concat(
        `  api: { image: base, bridges: [front], publish: ["${second}"] }\n`,
      );
    const plan = (first: string, second: string) => () =>
      new MemoryStack().plan(two(first, second));
    expect(plan('8080:80', '[::1]:8080:80')).toThrow(
      'port 8080 of every address is already published by containers.web',
    );
    expect(plan('[::1]:8080:80', '8080:80')).toThrow('[::]:8080 is already published');
    expect(plan('[::1]:8080:80', '127.0.0.1:8080:80')).not.toThrow();
    expect(plan('0.0.0.0:8080:80', '[::]:8080:80')).not.toThrow();
  });
});

describe('an automatic IPv6 subnet', () => {
  it('is a unique local /64 that follows from the names, and stays', async () => {
    const stack = new MemoryStack();
    const text = dual('subnet: auto, host: auto, subnet6: auto');
    await stack.apply(text);
    const { subnet6, host6 } = spec<BridgeSpec>(stack, 'front');
    expect(subnet6).toMatch(/^fd[0-9a-f]{2}(:[0-9a-f]{1,4}){3}::\/64$/);
    expect(host6).toBe(subnet6?.replace('::/64', '::1'));
    expect(stack.plan(text).changes).toEqual([]);
    expect(stack.plan(text.replace('subnet6: auto', `subnet6: "${subnet6}"`)).changes).toEqual([]);
    const other = new MemoryStack();
    await other.apply(text.replace('name: one', 'name: two'));
    expect(spec<BridgeSpec>(other, 'front').subnet6).not.toBe(subnet6);
  });
});

it('refuses a subnet and addresses of another stack', async () => {
  const stack = new MemoryStack();
  await stack.apply(dual(BOTH));
  const two = dual('subnet: 10.78.0.0/24, subnet6: "fd00:77:1::/48"').replace('one', 'two');
  expect(() => stack.plan(two)).toThrow(
    'baleine.yaml:7:34: subnet fd00:77:1::/48 overlaps fd00:77:1::/64 of bridge front of stack one',
  );
  const joined = dual('external: true', '{ address6: "fd00:77:1::2" }').replace('one', 'two');
  expect(() => stack.plan(joined)).toThrow('fd00:77:1::2 is in use by web of stack one');
});
