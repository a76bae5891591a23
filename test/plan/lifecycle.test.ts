import { describe, expect, it, vi } from 'vitest';
import { MemoryStack } from '../support/memory-stack.js';

const IMAGES = `
images:
  base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox, httpd, -f] }
`;

function single(more = '', bridges = '[front]'): string {
  return `name: one
${IMAGES}
bridges:
  front: { subnet: 10.77.1.0/24, host: 10.77.1.1 }
  back: { subnet: 10.77.2.0/24, isolated: true }
containers:
  web:
    image: base
    bridges: ${bridges}
    ${more}
`;
}

function farm(replicas: number): string {
  return `name: shop
${IMAGES}
bridges:
  front: { subnet: 10.77.1.0/24, host: 10.77.1.1 }
  back: { subnet: 10.77.2.0/24, isolated: true }
farms:
  shop:
    servers: { image: base, replicas: ${replicas}, bridges: [back], port: 80 }
    proxy:
      image: base
      engine: haproxy
      bridges: { front: { address: 10.77.1.10 }, back: {} }
      listen: 80
`;
}

describe('a plan on a fresh state', () => {
  it('lists everything in order of creation, with reasons', () => {
    expect(new MemoryStack().planText(single('limits: { memory: 64M }'))).toMatchInlineSnapshot(`
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

        # bridge.back will be created (new)
        + bridge.back
            + subnet: 10.77.2.0/24
            + isolated: true

        # container.web will be created (new)
        + container.web
            + image: base
            + command: ["busybox","httpd","-f"]
            + bridges.front: 10.77.1.2/24
            + limits.memory: 64M

      Files derived from others follow for: hosts.front-7a66a5

      Plan: 4 to add, 0 to change, 0 to destroy."
    `);
  });

  it('is identical each time', () => {
    const [first, second] = [new MemoryStack(), new MemoryStack()];
    expect(first.planText(farm(3))).toBe(second.planText(farm(3)));
  });
});

describe('after an apply', () => {
  it('there is nothing left to do', async () => {
    const stack = new MemoryStack();
    await stack.apply(farm(3));
    expect(stack.plan(farm(3))).toEqual({ stack: 'shop', changes: [], units: [] });
    expect(stack.rows.every(({ status }) => status === 'ready')).toBe(true);
  });

  it('a destroy plan removes everything, dependents first', async () => {
    const stack = new MemoryStack();
    await stack.apply(farm(2));
    expect(stack.planDestroy('shop').units.map(({ id }) => id)).toMatchInlineSnapshot(`
      [
        "drop container.shop-proxy",
        "drop config.shop-proxy",
        "drop container.shop-server-1",
        "drop container.shop-server-2",
        "drop bridge.back",
        "drop bridge.front",
        "drop hosts.back-d2aa69",
        "drop hosts.back-front-b08456",
        "drop image.base",
      ]
    `);
    await stack.executePlan(stack.planDestroy('shop'));
    expect(stack.rows).toEqual([]);
    expect([...stack.host.links.keys(), ...stack.host.mounts.keys()]).toEqual([]);
    expect([...stack.host.processes, ...stack.host.namespaces, ...stack.host.cgroups]).toEqual([]);
  });
});

describe('an edited file', () => {
  it('with another memory limit needs one step and keeps the process', async () => {
    const stack = new MemoryStack();
    await stack.apply(single('limits: { memory: 64M }'));
    const edited = single('limits: { memory: 96M }');
    expect(stack.planText(edited)).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # container.web will be updated in-place (limits.memory 64M → 96M)
        ~ container.web
            ~ limits.memory: 64M → 96M

      Plan: 0 to add, 1 to change, 0 to destroy."
    `);
    expect(stack.plan(edited).units.flatMap(({ steps }) => steps.map(({ verb }) => verb))).toEqual([
      'container.limits',
    ]);
    const before = [...stack.host.processes.keys()];
    await stack.apply(edited);
    expect([...stack.host.processes.keys()]).toEqual(before);
    expect(stack.plan(edited).changes).toEqual([]);
  });

  it('with other times and limits shows them as written in the file', async () => {
    const stack = new MemoryStack();
    const io = (rate: string) => `limits: { io: [{ device: disk, read_bps: ${rate} }] }`;
    await stack.apply(single(`stop_grace_period: 1s\n    ${io('1M')}`));
    const edited = single(`stop_grace_period: 90s\n    ${io('64M')}`);
    expect(stack.planText(edited)).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # container.web will be updated in-place (limits.io changed, stop_grace_period 1s → 1m30s)
        ~ container.web
            ~ limits.io:
                - device=disk,read_bps=1M
                + device=disk,read_bps=64M
            ~ stop_grace_period: 1s → 1m30s

      Plan: 0 to add, 1 to change, 0 to destroy."
    `);
  });

  it('with other volumes names the added and removed ones', async () => {
    const stack = new MemoryStack();
    await stack.apply(single('volumes: [/srv/a:/a, /srv/b:/b]'));
    const edited = single('volumes: [/srv/a:/a:ro, /srv/b:/b]');
    expect(stack.planText(edited)).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # container.web must be replaced (volumes changed)
      -/+ container.web
            ~ volumes:  # forces replacement
                - /srv/a:/a
                + /srv/a:/a:ro

      Plan: 1 to add, 0 to change, 1 to destroy."
    `);
  });

  it('with another alias shows a change', async () => {
    const stack = new MemoryStack();
    await stack.apply(single('', '{ front: { aliases: [a] } }'));
    const edited = single('', '{ front: { aliases: [b] } }');
    expect(stack.planText(edited)).toMatchInlineSnapshot(`
      "Files derived from others follow for: hosts.front-7a66a5

      Plan: 0 to add, 0 to change, 0 to destroy, 1 to refresh."
    `);
    await stack.apply(edited);
    expect(stack.events.at(-1)).toMatchObject({ counts: { changed: 0, refreshed: 1 } });
    expect(stack.plan(edited).changes).toEqual([]);
  });

  it('shows why the last run failed, until it succeeds', async () => {
    const stack = new MemoryStack();
    const edited = single('command: [busybox, sleep, "9"]');
    await stack.apply(single());
    const { ports } = stack.host;
    const start = () => Promise.reject(new Error('cannot start one.web: no memory'));
    const spy = vi.spyOn(stack.host, 'ports', 'get');
    spy.mockReturnValue({ ...ports, runtime: { ...ports.runtime, start } });
    await stack.apply(edited);
    spy.mockRestore();
    expect(stack.plan(edited).changes.map(({ reasons }) => reasons)).toEqual([
      [
        'unfinished: the last run failed: cannot start one.web: no memory',
        'process was never started',
      ],
    ]);
    await stack.apply(edited);
    expect(stack.plan(edited).changes).toEqual([]);
    expect(JSON.stringify(stack.rows)).not.toContain('failure');
  });

  it('with one more bridge adds a veth and keeps the process', async () => {
    const stack = new MemoryStack();
    await stack.apply(single());
    const edited = single('', '[front, back]');
    expect(stack.planText(edited)).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # container.web will be updated in-place (bridges.back added)
        ~ container.web
            + bridges.back: eth1 10.77.2.1/24

      Files derived from others follow for: hosts.back-front-b08456, hosts.front-7a66a5

      Plan: 0 to add, 1 to change, 0 to destroy."
    `);
    const before = [...stack.host.processes.keys()];
    await stack.apply(edited);
    expect([...stack.host.processes.keys()]).toEqual(before);
    expect(stack.plan(edited).changes).toEqual([]);
  });

  it('with another command replaces the container', async () => {
    const stack = new MemoryStack();
    await stack.apply(single());
    expect(stack.planText(single('command: [busybox, sleep, "9"]'))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # container.web must be replaced (command changed)
      -/+ container.web
            ~ command: ["busybox","httpd","-f"] → ["busybox","sleep","9"]  # forces replacement

      Plan: 1 to add, 0 to change, 1 to destroy."
    `);
  });

  it('with more servers adds them, then tells the proxy', async () => {
    const stack = new MemoryStack();
    await stack.apply(farm(3));
    expect(stack.planText(farm(5))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # container.shop-server-4 will be created (new)
        + container.shop-server-4
            + image: base
            + command: ["busybox","httpd","-f"]
            + bridges.back: 10.77.2.5/24

        # container.shop-server-5 will be created (new)
        + container.shop-server-5
            + image: base
            + command: ["busybox","httpd","-f"]
            + bridges.back: 10.77.2.6/24

        # config.shop-proxy will be updated in-place (text changed)
        ~ config.shop-proxy
            ~ text:
                @@ -30,4 +30,6 @@
                     server shop-server-1 10.77.2.1:80
                     server shop-server-2 10.77.2.2:80
                     server shop-server-3 10.77.2.3:80
                +    server shop-server-4 10.77.2.5:80
                +    server shop-server-5 10.77.2.6:80
                     server shop-spare-1 10.77.2.254:80 disabled

      Files derived from others follow for: hosts.back-d2aa69, hosts.back-front-b08456

      Plan: 2 to add, 1 to change, 0 to destroy."
    `);
    await stack.apply(farm(5));
    expect(stack.host.signals).toEqual(['SIGUSR2 shop.shop-proxy']);
  });

  it('with fewer servers tells the proxy, then removes them', async () => {
    const stack = new MemoryStack();
    await stack.apply(farm(5));
    expect(stack.planText(farm(2))).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # config.shop-proxy will be updated in-place (text changed)
        ~ config.shop-proxy
            ~ text:
                @@ -29,7 +29,4 @@
                     default-server check fall 2 rise 1 inter 1000ms
                     server shop-server-1 10.77.2.1:80
                     server shop-server-2 10.77.2.2:80
                -    server shop-server-3 10.77.2.3:80
                -    server shop-server-4 10.77.2.4:80
                -    server shop-server-5 10.77.2.5:80
                     server shop-spare-1 10.77.2.254:80 disabled

        # container.shop-server-3 will be destroyed (no longer in the file)
        - container.shop-server-3
            - image: base
            - command: ["busybox","httpd","-f"]
            - bridges.back: 10.77.2.3/24

        # container.shop-server-4 will be destroyed (no longer in the file)
        - container.shop-server-4
            - image: base
            - command: ["busybox","httpd","-f"]
            - bridges.back: 10.77.2.4/24

        # container.shop-server-5 will be destroyed (no longer in the file)
        - container.shop-server-5
            - image: base
            - command: ["busybox","httpd","-f"]
            - bridges.back: 10.77.2.5/24

      Files derived from others follow for: hosts.back-d2aa69, hosts.back-front-b08456

      Plan: 0 to add, 1 to change, 3 to destroy."
    `);
    const order = stack.plan(farm(2)).units.map(({ id }) => id);
    expect(order.indexOf('put config.shop-proxy')).toBeLessThan(
      order.indexOf('drop container.shop-server-3'),
    );
    await stack.apply(farm(2));
    expect(stack.plan(farm(2)).changes).toEqual([]);
    expect(stack.host.running.size).toBe(3);
  });

  it('keeps addresses when the order in the file changes', async () => {
    const stack = new MemoryStack();
    const entry = (name: string) => `  ${name}: { image: base, bridges: [back] }\n`;
    const file = (names: string[]) =>
      `name: one\n${IMAGES}\nbridges:\n  back: { subnet: 10.77.2.0/24 }\ncontainers:\n${names.map(entry).join('')}`;
    await stack.apply(file(['a', 'b']));
    expect(
      stack.plan(file(['b', 'a'])).changes.filter(({ action }) => action !== 'refresh'),
    ).toEqual([]);
  });
});

describe('the plan rejects', () => {
  it('replacing or deleting a protected resource', async () => {
    const stack = new MemoryStack();
    await stack.apply(single('protect: true'));
    expect(() => stack.plan(single('{ protect: true, command: [other] }'.slice(1, -1)))).toThrow();
    expect(() => stack.plan('name: one\n')).toThrow(
      'cannot delete container.web: it is protected (no longer in the file)',
    );
  });

  it("a subnet that overlaps another stack's", async () => {
    const stack = new MemoryStack();
    await stack.apply(single());
    const other = (bridge: string) => `name: two\nbridges:\n  ${bridge}\n`;
    expect(() => stack.plan(other('front: { subnet: 10.77.1.0/24 }'))).toThrow(
      'baleine.yaml:3:12: subnet 10.77.1.0/24 overlaps 10.77.1.0/24 of bridge front of stack one',
    );
    expect(() => stack.plan(other('mine: { subnet: 10.77.0.0/16 }'))).toThrow(
      'baleine.yaml:3:11: subnet 10.77.0.0/16 overlaps 10.77.1.0/24 of bridge front of stack one',
    );
  });
});
