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
      healthcheck: { tcp: 80, interval: 10ms, timeout: 10ms, retries: 1, on_failure: none }
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

/** The same of what puts and drops servers, without the verbs. */
const turns = (plan: Plan) => acts(plan).map((each) => each.replace(/: [a-z.]+( [a-z.]+)*/, ''));

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

describe('stop-first', () => {
  it('has the rest do the work, several at a time', async () => {
    const update = '{order: stop-first, parallelism: 2}';
    const stack = await running(farm('old', { update }));
    const plan = stack.plan(farm('new', { update }));
    expect(turns(plan)).toMatchInlineSnapshot(`
      [
        "drop container.shop-server-1",
        "put container.shop-server-1 <- drop container.shop-server-1",
        "drop container.shop-server-2",
        "put container.shop-server-2 <- drop container.shop-server-2",
        "drop container.shop-server-3 <- put container.shop-server-1, put container.shop-server-2",
        "put container.shop-server-3 <- drop container.shop-server-3",
      ]
    `);
  });
});

describe('what goes on working', () => {
  it('does not wait for its turn when only its limits change', async () => {
    const stack = await running(farm('old'));
    const plan = stack.plan(farm('old', { limits: '{memory: 64M}' }));
    expect(acts(plan)).toMatchInlineSnapshot(`
      [
        "put container.shop-server-1: limits",
        "put container.shop-server-2: limits",
        "put container.shop-server-3: limits",
      ]
    `);
  });

  it('is joined by new servers first, which the proxy is told of before the turns begin', async () => {
    const stack = await running(farm('old', { replicas: 2 }));
    expect(turns(stack.plan(farm('new', { replicas: 3 })))).toMatchInlineSnapshot(`
      [
        "put hosts.back-d2aa69",
        "put container.shop-server-3 <- put hosts.back-d2aa69",
        "put config.shop-proxy <- put container.shop-server-3",
        "put hosts.back-front-b08456",
        "put container.shop-spare-1 <- put config.shop-proxy, put hosts.back-d2aa69",
        "drop container.shop-server-1 <- put config.shop-proxy, put container.shop-server-3, put container.shop-spare-1, put hosts.back-d2aa69",
        "put container.shop-server-1 <- drop container.shop-server-1, put hosts.back-d2aa69",
        "drop container.shop-server-2 <- put container.shop-server-1, put hosts.back-d2aa69",
        "put container.shop-server-2 <- drop container.shop-server-2, put hosts.back-d2aa69",
        "retire container.shop-spare-1 <- put container.shop-server-1, put container.shop-server-2",
      ]
    `);
  });

  it('loses servers only after the proxy has drained them', async () => {
    const stack = await running(farm('old'));
    const plan = stack.plan(farm('old', { replicas: 1 }));
    expect(acts(plan)).toMatchInlineSnapshot(`
      [
        "put config.shop-proxy: config.drain config.write config.reload",
        "put hosts.back-d2aa69: hosts.write",
        "put hosts.back-front-b08456: hosts.write",
        "drop container.shop-server-2: leave stop disconnect unmount erase <- put config.shop-proxy",
        "drop container.shop-server-3: leave stop disconnect unmount erase <- put config.shop-proxy",
      ]
    `);
  });
});

describe('a roll-out that stopped', () => {
  const ILL = { replicas: 2 };

  async function stopped(update: string, ill: string): Promise<MemoryStack> {
    const stack = await running(farm('old', { ...ILL, update }));
    stack.host.ill.set(`shop.${ill}`, 'status 503');
    await stack.apply(farm('new', { ...ILL, update }));
    return stack;
  }
  const outcome = ({ events }: MemoryStack) =>
    events.flatMap((each) =>
      each.type === 'unit-failed' || each.type === 'unit-skipped' || each.type === 'unit-done'
        ? [`${each.unit} ${each.type.slice(5)}`]
        : [],
    );

  it('leaves the others as they are and says what is left', async () => {
    const stack = await stopped('{}', 'shop-spare-1');
    expect(outcome(stack).slice(-6)).toMatchInlineSnapshot(`
      [
        "put container.shop-spare-1 failed",
        "drop container.shop-server-1 skipped",
        "put container.shop-server-1 skipped",
        "drop container.shop-server-2 skipped",
        "put container.shop-server-2 skipped",
        "retire container.shop-spare-1 skipped",
      ]
    `);
    expect(headings(stack.planText(farm('new', ILL)))).toMatchInlineSnapshot(`
      [
        "container.shop-spare-1 will be updated in-place (stands in while others are replaced, then goes)",
        "container.shop-server-1 must be replaced (command changed, turn 1 of 2)",
        "container.shop-server-2 must be replaced (command changed, turn 2 of 2)",
      ]
    `);
    expect(headings(stack.planText(farm('old', ILL)))).toMatchInlineSnapshot(`
      [
        "container.shop-spare-1 will be destroyed (no longer needed)",
      ]
    `);
  });

  it('names what is to go back if any part of it fails', async () => {
    const update = '{failure_action: rollback}';
    const stack = await running(farm('old', { ...ILL, update }));
    expect(stack.plan(farm('old', { ...ILL, update })).rollbacks).toBeUndefined();
    expect(stack.plan(farm('new', ILL)).rollbacks).toBeUndefined();
    const units = ['spare-1', 'server-1', 'server-2'].map((each) => `put container.shop-${each}`);
    expect(stack.plan(farm('new', { ...ILL, update })).rollbacks).toEqual([
      { service: 'shop', units },
    ]);
  });

  it('begins with the one that was left half done', async () => {
    const stack = await stopped('{order: stop-first}', 'shop-server-1');
    stack.host.ill.clear();
    const text = farm('newer', { ...ILL, update: '{order: stop-first}' });
    expect(headings(stack.planText(text))).toMatchInlineSnapshot(`
      [
        "container.shop-server-1 must be replaced (command changed, turn 1 of 2)",
        "container.shop-server-2 must be replaced (command changed, turn 2 of 2)",
      ]
    `);
  });

  it('goes on where it is told to', async () => {
    const update = '{order: stop-first, failure_action: continue}';
    const stack = await stopped(update, 'shop-server-1');
    expect(outcome(stack).slice(-4)).toMatchInlineSnapshot(`
      [
        "drop container.shop-server-1 done",
        "put container.shop-server-1 failed",
        "drop container.shop-server-2 done",
        "put container.shop-server-2 done",
      ]
    `);
  });
});

describe('a server that is not to be started yet', () => {
  it('does not join what it cannot answer, also when its replacement was cut off', async () => {
    const stack = await running(farm('old'));
    const id = 'shop.shop-server-1';
    stack.host.end(id, 137);
    await stack.apply(farm('old'));
    stack.host.end(id, 137);
    stack.rows = stack.rows.map((row) =>
      row.name === 'shop-server-1' ? { ...row, status: 'pending' } : row,
    );
    expect(acts(stack.plan(farm('old'))).join()).not.toContain('join');
    stack.host.now += 60_000;
    expect(acts(stack.plan(farm('old')))).toEqual(['put container.shop-server-1: start join']);
  });
});
