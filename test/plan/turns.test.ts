import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/model/plan.js';
import { MemoryStack } from '../support/memory-stack.js';

function farm(command: string, { replicas = 3, update = '{}', limits = '' } = {}): string {
  return `name: shop
images:
  base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox, httpd, -f] }
bridges:
  front: { subnet: 10.77.1.0/24, host: 10.77.1.1 }
  back: { subnet: 10.77.2.0/24, isolated: true }
farms:
  shop:
    servers:
      image: base
      replicas: ${replicas}
      bridges: [back]
      port: 80
      command: [${command}]
      ${limits && `limits: ${limits}`}
    proxy:
      image: base
      engine: haproxy
      bridges: { front: { address: 10.77.1.10 }, back: {} }
      listen: 80
    update: ${update}
`;
}

/** `put container.shop-server-1: container.leave, container.stop …`, in order. */
function acts(plan: Plan): string[] {
  return plan.units
    .filter(({ steps }) => steps.length > 0)
    .map(({ id, steps, needs }) => {
      const verbs = steps.map(({ verb }) => verb.replace('container.', ''));
      return `${id}: ${verbs.join(' ')}${needs.length > 0 ? ` <- ${needs.join(', ')}` : ''}`;
    });
}

const headings = (text: string) => [...text.matchAll(/^ {2}# (.*)$/gm)].map(([, each]) => each);

async function running(text: string): Promise<MemoryStack> {
  const stack = new MemoryStack();
  await stack.apply(text);
  return stack;
}

describe('a new command', () => {
  it('reaches one server after the other, and a spare stands in first', async () => {
    const stack = await running(farm('old'));
    expect(headings(stack.planText(farm('new')))).toMatchInlineSnapshot(`
      [
        "container.shop-spare-1 will be created (stands in while others are replaced, then goes)",
        "container.shop-server-1 must be replaced (command changed, turn 1 of 3)",
        "container.shop-server-2 must be replaced (command changed, turn 2 of 3)",
        "container.shop-server-3 must be replaced (command changed, turn 3 of 3)",
      ]
    `);
    expect(acts(stack.plan(farm('new')))).toMatchInlineSnapshot(`
      [
        "put container.shop-spare-1: wire disk mount start join",
        "drop container.shop-server-1: leave stop disconnect unmount erase <- put container.shop-spare-1",
        "put container.shop-server-1: wire disk mount start join <- drop container.shop-server-1",
        "drop container.shop-server-2: leave stop disconnect unmount erase <- put container.shop-server-1",
        "put container.shop-server-2: wire disk mount start join <- drop container.shop-server-2",
        "drop container.shop-server-3: leave stop disconnect unmount erase <- put container.shop-server-2",
        "put container.shop-server-3: wire disk mount start join <- drop container.shop-server-3",
        "retire container.shop-spare-1: leave stop disconnect unmount erase <- put container.shop-server-1, put container.shop-server-2, put container.shop-server-3",
      ]
    `);
    await stack.apply(farm('new'));
    expect(stack.host.told).toMatchInlineSnapshot(`
      [
        "admit shop-spare-1",
        "drain shop-server-1",
        "admit shop-server-1",
        "drain shop-server-2",
        "admit shop-server-2",
        "drain shop-server-3",
        "admit shop-server-3",
        "drain shop-spare-1",
      ]
    `);
    expect(stack.planText(farm('new'))).toContain('No changes.');
    expect([...stack.host.running.keys()].sort()).toMatchInlineSnapshot(`
      [
        "shop.shop-proxy",
        "shop.shop-server-1",
        "shop.shop-server-2",
        "shop.shop-server-3",
      ]
    `);
  });
});
