import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/model/plan.js';
import type { ConfigSpec } from '../../src/model/specs.js';
import { MemoryStack } from '../support/memory-stack.js';

interface Wanted {
  replicas?: number;
  update?: string;
  limits?: string;
  port?: number;
  /** The health check of the servers. */
  check?: string;
}

function farm(
  command: string,
  {
    replicas = 3,
    update = '{}',
    limits = '',
    port = 80,
    check = 'tcp: 80, timeout: 10ms',
  }: Wanted = {},
): string {
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
      port: ${port}
      healthcheck: { ${check}, interval: 10ms, retries: 1, on_failure: none }
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

/** The same for units that put and drop servers, without the verbs. */
const turns = (plan: Plan) => acts(plan).map((each) => each.replace(/: [a-z.]+( [a-z.]+)*/, ''));

const headings = (text: string) => [...text.matchAll(/^ {2}# (.*)$/gm)].map(([, each]) => each);

async function running(text: string): Promise<MemoryStack> {
  const stack = new MemoryStack();
  await stack.apply(text);
  return stack;
}

describe('a new command', () => {
  it('replaces one server after the other, after a spare has started', async () => {
    const stack = await running(farm('old'));
    expect(headings(stack.planText(farm('new')))).toMatchInlineSnapshot(`
      [
        "container.shop-spare-1 will be created (spare during the update, deleted at its end)",
        "container.shop-server-1 must be replaced (command changed, batch 1 of 3)",
        "container.shop-server-2 must be replaced (command changed, batch 2 of 3)",
        "container.shop-server-3 must be replaced (command changed, batch 3 of 3)",
      ]
    `);
    expect(acts(stack.plan(farm('new')))).toMatchInlineSnapshot(`
      [
        "put container.shop-spare-1: wire disk mount start join",
        "drop container.shop-server-1: verify leave stop disconnect unmount erase <- put container.shop-spare-1",
        "put container.shop-server-1: wire disk mount start join <- drop container.shop-server-1",
        "drop container.shop-server-2: verify leave stop disconnect unmount erase <- put container.shop-server-1",
        "put container.shop-server-2: wire disk mount start join <- drop container.shop-server-2",
        "drop container.shop-server-3: verify leave stop disconnect unmount erase <- put container.shop-server-2",
        "put container.shop-server-3: wire disk mount start join <- drop container.shop-server-3",
        "retire container.shop-spare-1: leave stop disconnect unmount erase <- put container.shop-server-1, put container.shop-server-2, put container.shop-server-3",
      ]
    `);
    await stack.apply(farm('new'));
    expect(stack.host.proxyCalls).toMatchInlineSnapshot(`
      [
        "admit shop-spare-1 at 80",
        "drain shop-server-1",
        "admit shop-server-1 at 80",
        "drain shop-server-2",
        "admit shop-server-2 at 80",
        "drain shop-server-3",
        "admit shop-server-3 at 80",
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
  it('replaces several at a time without spares', async () => {
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

describe('a proxy that is replaced with its servers', () => {
  it('is replaced before the first batch', async () => {
    const stack = await running(farm('old', { replicas: 1 }));
    const text = farm('old', { replicas: 1 }).replace('size: 64M', 'size: 96M');
    expect(turns(stack.plan(text))).toMatchInlineSnapshot(`
      [
        "put image.base",
        "drop container.shop-proxy <- put image.base",
        "put container.shop-proxy <- drop container.shop-proxy, put image.base",
        "put container.shop-spare-1 <- put container.shop-proxy, put image.base",
        "drop container.shop-server-1 <- put container.shop-proxy, put container.shop-spare-1, put image.base",
        "put container.shop-server-1 <- drop container.shop-server-1, put image.base",
        "retire container.shop-spare-1 <- put container.shop-server-1",
      ]
    `);
  });
});

describe('servers that keep working', () => {
  it('do not wait for a batch if only their limits change', async () => {
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

  it('are joined by new servers before the first batch', async () => {
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

  it('are removed only after the proxy has drained them', async () => {
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

describe('a rolling update that stopped', () => {
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

  it('leaves the remaining servers and shows what is left', async () => {
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
        "container.shop-spare-1 will be updated in-place (spare during the update, deleted at its end)",
        "container.shop-server-1 must be replaced (command changed, batch 1 of 2)",
        "container.shop-server-2 must be replaced (command changed, batch 2 of 2)",
      ]
    `);
    expect(headings(stack.planText(farm('old', ILL)))).toMatchInlineSnapshot(`
      [
        "container.shop-spare-1 will be destroyed (no longer needed)",
      ]
    `);
  });

  it('names what is rolled back if any part of it fails', async () => {
    const update = '{failure_action: rollback}';
    const stack = await running(farm('old', { ...ILL, update }));
    expect(stack.plan(farm('old', { ...ILL, update })).rollbacks).toBeUndefined();
    expect(stack.plan(farm('new', ILL)).rollbacks).toBeUndefined();
    const units = ['spare-1', 'server-1', 'server-2'].map((each) => `put container.shop-${each}`);
    expect(stack.plan(farm('new', { ...ILL, update })).rollbacks).toEqual([
      { service: 'shop', units },
    ]);
  });

  it('begins with the unfinished server', async () => {
    const stack = await stopped('{order: stop-first}', 'shop-server-1');
    stack.host.ill.clear();
    const text = farm('newer', { ...ILL, update: '{order: stop-first}' });
    expect(headings(stack.planText(text))).toMatchInlineSnapshot(`
      [
        "container.shop-server-1 must be replaced (command changed, batch 1 of 2)",
        "container.shop-server-2 must be replaced (command changed, batch 2 of 2)",
      ]
    `);
  });

  it('continues with failure_action: continue', async () => {
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

describe('a change of port or check that also replaces the servers', () => {
  const OLD = { replicas: 2, check: 'http: {port: 80, path: /up}, timeout: 10ms' };
  const NEW = { replicas: 2, port: 81, check: 'http: {port: 81, path: /ready}, timeout: 10ms' };
  const before = farm('old', OLD);
  const after = farm('new', NEW);

  /** The proxy's configuration after each unit that writes it. */
  const reach = (plan: Plan) =>
    plan.units.flatMap(({ id, kind, spec }) =>
      kind === 'config' ? [`${id}: ${reachOf((spec as ConfigSpec).text)}`] : [],
    );
  const reachOf = (text: string) =>
    [...text.matchAll(/(?:^ {4}server shop-|GET uri )(\S+)(?: 10\.77\.2\.\d+)?(.*)/gm)]
      .map(([, what, how]) => `${what}${how}`)
      .join(', ');

  it('reaches the proxy after all batches', async () => {
    const stack = await running(before);
    expect(stack.planText(after)).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # config.shop-proxy will be updated in-place (text changed, final version once all instances are updated)
        ~ config.shop-proxy
            ~ text:
                @@ -27,10 +27,10 @@
                 backend shop-servers
                     balance roundrobin
                     option httpchk
                -    http-check send meth GET uri /up ver HTTP/1.1 hdr Host localhost
                +    http-check send meth GET uri /ready ver HTTP/1.1 hdr Host localhost
                     http-check expect status 200-399
                     timeout check 10ms
                     default-server check fall 2 rise 1 inter 100ms
                -    server shop-server-1 10.77.2.1:80
                -    server shop-server-2 10.77.2.2:80
                -    server shop-spare-1 10.77.2.254:80 disabled
                +    server shop-server-1 10.77.2.1:81
                +    server shop-server-2 10.77.2.2:81
                +    server shop-spare-1 10.77.2.254:81 disabled

        # container.shop-spare-1 will be created (spare during the update, deleted at its end)
        + container.shop-spare-1
            + image: base
            + command: ["new"]
            + bridges.back: 10.77.2.254/24
            + healthcheck.http.port: 81
            + healthcheck.http.path: /ready
            + healthcheck.http.status: 200-399
            + healthcheck.interval: 10ms
            + healthcheck.timeout: 10ms
            + healthcheck.retries: 1
            + healthcheck.start_period: 0s
            + healthcheck.on_failure: none

        # container.shop-server-1 must be replaced (command changed, healthcheck changed, rotation changed, batch 1 of 2)
      -/+ container.shop-server-1
            ~ command: ["old"] → ["new"]  # forces replacement
            ~ healthcheck.http.path: /up → /ready
            ~ healthcheck.http.port: 80 → 81
            ~ rotation.port: 80 → 81

        # container.shop-server-2 must be replaced (command changed, healthcheck changed, rotation changed, batch 2 of 2)
      -/+ container.shop-server-2
            ~ command: ["old"] → ["new"]  # forces replacement
            ~ healthcheck.http.path: /up → /ready
            ~ healthcheck.http.port: 80 → 81
            ~ rotation.port: 80 → 81

      Plan: 3 to add, 1 to change, 2 to destroy."
    `);
    expect(acts(stack.plan(after))).toMatchInlineSnapshot(`
      [
        "put config.shop-proxy: config.write config.reload",
        "put container.shop-spare-1: wire disk mount start join <- put config.shop-proxy",
        "drop container.shop-server-1: verify leave stop disconnect unmount erase <- put config.shop-proxy, put container.shop-spare-1",
        "put container.shop-server-1: wire disk mount start join <- drop container.shop-server-1",
        "drop container.shop-server-2: verify leave stop disconnect unmount erase <- put container.shop-server-1",
        "put container.shop-server-2: wire disk mount start join <- drop container.shop-server-2",
        "retire container.shop-spare-1: leave stop disconnect unmount erase <- put container.shop-server-1, put container.shop-server-2",
        "finalize config.shop-proxy: config.write config.reload <- put container.shop-spare-1, retire container.shop-spare-1, drop container.shop-server-1, put container.shop-server-1, drop container.shop-server-2, put container.shop-server-2",
      ]
    `);
    expect(reach(stack.plan(after))).toMatchInlineSnapshot(`
      [
        "put config.shop-proxy: server-1:80, server-2:80, spare-1:81 disabled",
        "finalize config.shop-proxy: /ready ver HTTP/1.1 hdr Host localhost, server-1:81, server-2:81, spare-1:81 disabled",
      ]
    `);
    await stack.apply(after);
    expect(stack.host.proxyCalls).toMatchInlineSnapshot(`
      [
        "admit shop-spare-1 at 81",
        "drain shop-server-1",
        "admit shop-server-1 at 81",
        "drain shop-server-2",
        "admit shop-server-2 at 81",
        "drain shop-spare-1",
      ]
    `);
    expect(stack.events.at(-1)).toMatchObject({
      status: 'done',
      counts: { added: 3, changed: 1, destroyed: 2 },
    });
    expect(stack.planText(after)).toContain('No changes.');
  });

  it('reaches the proxy at once if no server is replaced', async () => {
    const stack = await running(before);
    const plan = stack.plan(
      farm('old', { ...OLD, check: 'http: {port: 80, path: /ready}, timeout: 10ms' }),
    );
    expect(acts(plan)).toMatchInlineSnapshot(`
      [
        "put config.shop-proxy: config.write config.reload <- put container.shop-server-1, put container.shop-server-2",
      ]
    `);
    expect(acts(stack.plan(farm('old', { ...OLD, port: 81 })))).toMatchInlineSnapshot(`
      [
        "put container.shop-server-1: join",
        "put container.shop-server-2: join",
        "put config.shop-proxy: config.write config.reload <- put container.shop-server-1, put container.shop-server-2",
      ]
    `);
  });

  it('includes the probe of a check, not its intervals', async () => {
    const stack = await running(farm('old', { check: 'http: {port: 80, path: /}, timeout: 20ms' }));
    const text = farm('new', { check: 'http: {port: 80, path: /}, timeout: 30ms' });
    expect(reach(stack.plan(text))).toMatchInlineSnapshot(`
      [
        "put config.shop-proxy: / ver HTTP/1.1 hdr Host localhost, server-1:80, server-2:80, server-3:80, spare-1:80 disabled",
      ]
    `);
  });

  it('continues from where an update stopped', async () => {
    const stack = await running(before);
    stack.host.ill.set('shop.shop-server-2', 'status 503');
    await stack.apply(after);
    expect(reach(stack.plan(after))).toMatchInlineSnapshot(`
      [
        "put config.shop-proxy: /ready ver HTTP/1.1 hdr Host localhost, server-1:81, server-2:81, spare-1:81 disabled",
      ]
    `);
    expect(acts(stack.plan(after))).toMatchInlineSnapshot(`
      [
        "put container.shop-server-2: join",
        "drop container.shop-spare-1: leave stop disconnect unmount erase <- put container.shop-server-2",
        "put config.shop-proxy: config.write config.reload <- drop container.shop-spare-1, put container.shop-server-2",
      ]
    `);
    expect(reach(stack.plan(before))).toMatchInlineSnapshot(`
      [
        "put config.shop-proxy: server-1:81, server-2:80 disabled, spare-1:81",
        "finalize config.shop-proxy: /up ver HTTP/1.1 hdr Host localhost, server-1:80, server-2:80, spare-1:80 disabled",
      ]
    `);
    stack.host.ill.clear();
    await stack.apply(after);
    expect(stack.planText(after)).toContain('No changes.');
  });

  it('disables an unfinished server even if only the proxy changes', async () => {
    const update = '{order: stop-first}';
    const stack = await running(farm('old', { replicas: 2, update }));
    stack.host.ill.set('shop.shop-server-1', 'status 503');
    await stack.apply(farm('new', { replicas: 2, update }));
    expect(reach(stack.plan(farm('newer', { replicas: 3, update })))).toMatchInlineSnapshot(`
      [
        "put config.shop-proxy: server-1:80 disabled, server-2:80, server-3:80",
        "finalize config.shop-proxy: server-1:80, server-2:80, server-3:80",
      ]
    `);
  });
});

describe('a spare left by a killed run', () => {
  it('is deleted after the servers are back, and before the proxy drops it', async () => {
    const stack = await running(farm('old', { replicas: 1 }));
    const text = farm('new', { replicas: 1, port: 81 });
    const plan = stack.plan(text);
    const units = plan.units.filter(
      ({ id }) => !/^(put container.shop-server|retire|finalize)/.test(id),
    );
    await stack.executePlan({ ...plan, units });
    expect(stack.rows.map(({ name }) => name)).toContain('shop-spare-1');
    expect(acts(stack.plan(text))).toMatchInlineSnapshot(`
      [
        "put container.shop-server-1: wire disk mount start join",
        "drop container.shop-spare-1: leave stop disconnect unmount erase <- put container.shop-server-1",
        "put config.shop-proxy: config.write config.reload <- drop container.shop-spare-1, put container.shop-server-1",
      ]
    `);
    await stack.apply(text);
    expect(stack.planText(text)).toContain('No changes.');
  });
});

describe('a server that must not be started yet', () => {
  it('does not join the rotation, even if its replacement was interrupted', async () => {
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
