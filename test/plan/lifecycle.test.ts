import { describe, expect, it } from 'vitest';
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
  it('lists everything in the order it is made, with reasons', () => {
    expect(new MemoryStack().planText(single('limits: { memory: 64M }'))).toMatchInlineSnapshot();
  });

  it('is the same to the letter each time', () => {
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

  it('a destroy plan takes everything, dependents first', async () => {
    const stack = new MemoryStack();
    await stack.apply(farm(2));
    expect(stack.planDestroy('shop').units.map(({ id }) => id)).toMatchInlineSnapshot();
    await stack.carryOut(stack.planDestroy('shop'));
    expect(stack.rows).toEqual([]);
    expect([...stack.host.links.keys(), ...stack.host.mounts.keys()]).toEqual([]);
    expect([...stack.host.processes, ...stack.host.namespaces, ...stack.host.cgroups]).toEqual([]);
  });
});

describe('an edited file', () => {
  it('with another memory limit takes one step and keeps the process', async () => {
    const stack = new MemoryStack();
    await stack.apply(single('limits: { memory: 64M }'));
    const edited = single('limits: { memory: 96M }');
    expect(stack.planText(edited)).toMatchInlineSnapshot();
    expect(stack.plan(edited).units.flatMap(({ steps }) => steps.map(({ verb }) => verb))).toEqual([
      'container.limits',
    ]);
    const before = [...stack.host.processes.keys()];
    await stack.apply(edited);
    expect([...stack.host.processes.keys()]).toEqual(before);
    expect(stack.plan(edited).changes).toEqual([]);
  });

  it('with one more bridge adds a veth and keeps the process', async () => {
    const stack = new MemoryStack();
    await stack.apply(single());
    const edited = single('', '[front, back]');
    expect(stack.planText(edited)).toMatchInlineSnapshot();
    const before = [...stack.host.processes.keys()];
    await stack.apply(edited);
    expect([...stack.host.processes.keys()]).toEqual(before);
    expect(stack.plan(edited).changes).toEqual([]);
  });

  it('with another command replaces the container', async () => {
    const stack = new MemoryStack();
    await stack.apply(single());
    expect(stack.planText(single('command: [busybox, sleep, "9"]'))).toMatchInlineSnapshot();
  });

  it('with more servers adds those, then tells the proxy', async () => {
    const stack = new MemoryStack();
    await stack.apply(farm(3));
    expect(stack.planText(farm(5))).toMatchInlineSnapshot();
    await stack.apply(farm(5));
    expect(stack.host.signals).toEqual(['SIGUSR2 shop.shop-proxy']);
  });

  it('with fewer servers tells the proxy, then removes those', async () => {
    const stack = new MemoryStack();
    await stack.apply(farm(5));
    expect(stack.planText(farm(2))).toMatchInlineSnapshot();
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
    expect(stack.plan(file(['b', 'a'])).changes.map(({ address }) => address)).toEqual([
      'hosts.back-04df22',
    ]);
  });
});

describe('what the plan refuses', () => {
  it('replacing or deleting what is protected', async () => {
    const stack = new MemoryStack();
    await stack.apply(single('protect: true'));
    expect(() => stack.plan(single('{ protect: true, command: [other] }'.slice(1, -1)))).toThrow();
    expect(() => stack.planDestroy('one')).toThrow(
      'cannot delete container.web: it is protected (no longer in the file)',
    );
  });

  it("another stack's bridge, and a subnet that overlaps one", async () => {
    const stack = new MemoryStack();
    await stack.apply(single());
    const other = (bridge: string) => `name: two\nbridges:\n  ${bridge}\n`;
    expect(() => stack.plan(other('front: { subnet: 10.88.0.0/24 }'))).toThrow(
      'baleine.yaml:3:3: bridge front belongs to stack one',
    );
    expect(() => stack.plan(other('mine: { subnet: 10.77.0.0/16 }'))).toThrow(
      'baleine.yaml:3:3: subnet 10.77.0.0/16 overlaps 10.77.1.0/24 of bridge front of stack one',
    );
  });
});
