import { describe, expect, it } from 'vitest';
import { rename } from '../../../src/app/state/rename.js';
import type { ContainerSpec } from '../../../src/model/specs.js';
import { renderPlan } from '../../../src/view/plan-text.js';
import { MemoryStack } from '../../support/memory-stack.js';

interface Wanted {
  /** The content of the image. */
  version?: string;
  command?: string;
  replicas?: number;
  more?: string;
}

function file({ version = 'v1', command = 'serve', replicas = 2, more = '' }: Wanted = {}): string {
  return `name: shop
images:
  base: { size: 64M, from: { host: { binaries: [/bin/busybox] } } }
  web: { from: { image: base }, run: [make ${version}] }
bridges:
  front: { subnet: 10.77.1.0/24, host: 10.77.1.1 }
containers:
  db: { image: web, command: [db] }
farms:
  shop:
    servers:
      image: web
      replicas: ${replicas}
      bridges: [front]
      port: 80
      healthcheck: { tcp: 80, interval: 10ms, timeout: 10ms, retries: 1, on_failure: none }
      command: [${command}]
      ${more}
    proxy: { image: base, engine: haproxy, bridges: [front], listen: 80 }
`;
}

const headings = (text: string) => [...text.matchAll(/^ {2}# (.*)$/gm)].map(([, each]) => each);

async function applied(...files: Wanted[]): Promise<MemoryStack> {
  const stack = new MemoryStack();
  for (const each of files) await stack.apply(file(each));
  return stack;
}

const V1 = {};
const V2 = { version: 'v2' };
const V3 = { version: 'v3' };

const running = ({ rows }: MemoryStack) =>
  rows
    .filter(({ kind, name }) => kind === 'container' && name.startsWith('shop-server'))
    .map(({ spec }) => (spec as ContainerSpec).image)
    .map(({ file: path, version }) => `${path.split('/').at(-1)} ${version}`);

describe('a rollback from a bad image', () => {
  it('returns to the previous version in batches, and touches nothing else', async () => {
    const stack = await applied(V1, V2);
    const plan = stack.planRollback(file(V2), 'shop');
    expect(renderPlan(plan, { color: false })).toMatchInlineSnapshot(`
      "baleine will perform the following actions:

        # container.shop-spare-1 will be created (spare during the update, deleted at its end)
        + container.shop-spare-1
            + image: web
            + command: ["serve"]
            + bridges.front: 10.77.1.254/24
            + healthcheck.tcp: 80
            + healthcheck.interval: 10ms
            + healthcheck.timeout: 10ms
            + healthcheck.retries: 1
            + healthcheck.start_period: 0s
            + healthcheck.on_failure: none

        # container.shop-server-1 must be replaced (image web has changed, rolled back, batch 1 of 2)
      -/+ container.shop-server-1
            ~ image.version: 5d9c72b08f7c → 32862d490edb  # forces replacement

        # container.shop-server-2 must be replaced (image web has changed, rolled back, batch 2 of 2)
      -/+ container.shop-server-2
            ~ image.version: 5d9c72b08f7c → 32862d490edb  # forces replacement

      Plan: 3 to add, 0 to change, 2 to destroy."
    `);
    const before = running(await applied(V1));
    await stack.rollback(file(V2), 'shop');
    expect(running(stack)).toEqual(
      before.map((each) => each.replace('web.img', 'web.previous.img')),
    );
    expect(stack.planText(file(V2))).toMatchInlineSnapshot(`
      "No changes. Your infrastructure matches the configuration.

      Left as it is:
        container.shop-server-1 is rolled back: the file asks for another image
        container.shop-server-2 is rolled back: the file asks for another image"
    `);
  });

  it('holds until the file declares another image', async () => {
    const stack = await applied(V1, V2);
    await stack.rollback(file(V2), 'shop');
    await stack.apply(file({ ...V2, replicas: 3 }));
    expect(new Set(running(stack)).size).toBe(1);
    expect(running(stack)).toHaveLength(3);
    expect(headings(stack.planText(file({ ...V3, replicas: 3 })))).toMatchInlineSnapshot(`
      [
        "image.web will be updated in-place (run lines changed)",
        "container.db must be replaced (image web has changed)",
        "container.shop-spare-1 will be created (spare during the update, deleted at its end)",
        "container.shop-server-1 must be replaced (image web has changed, no longer held back, batch 1 of 3)",
        "container.shop-server-2 must be replaced (image web has changed, no longer held back, batch 2 of 3)",
        "container.shop-server-3 must be replaced (image web has changed, no longer held back, batch 3 of 3)",
      ]
    `);
    await stack.apply(file(V3));
    expect(stack.planText(file(V3))).toContain('No changes.');
    expect(stack.planText(file(V3))).not.toContain('rolled back');
  });

  it('also holds for a server that has lost its disk', async () => {
    const stack = await applied(V1, V2);
    await stack.rollback(file(V2), 'shop');
    stack.host.end('shop.shop-server-1', 137);
    stack.host.files.delete(`${stack.paths.root}/disks/shop.shop-server-1.img`);
    const steps = stack.plan(file(V2)).units.flatMap((unit) => unit.steps);
    const copies = steps.filter(({ verb }) => verb === 'container.disk').map(({ args }) => args);
    expect(copies).toMatchObject([{ image: `${stack.paths.root}/images/shop.web.previous.img` }]);
  });

  it('holds if the image is renamed', async () => {
    const stack = await applied(V1, V2);
    await stack.rollback(file(V2), 'shop');
    const after = new Map(rename(stack.rows, 'image', 'web', 'site'));
    stack.rows = stack.rows.map((row) => after.get(row) ?? row);
    const text = stack.planText(file(V2).replaceAll('web', 'site'));
    expect(text).toContain('No changes.');
    expect(text).toContain('shop-server-2 is rolled back: the file asks for another image');
  });

  it('is never reversed by a later rollback to the bad image', async () => {
    const stack = await applied(V1, V2);
    const before = running(await applied(V1))[0];
    await stack.rollback(file(V2), 'shop');
    await stack.apply(file(V3));
    await stack.rollback(file(V3), 'shop');
    expect(running(stack)[0]?.split(' ')[1]).toBe(before?.split(' ')[1]);
  });
});

describe('a rollback from a bad entry', () => {
  const NEW = { command: 'boom', more: 'limits: { memory: 64M }' };

  it('returns to the previous release', async () => {
    const stack = await applied(V1, NEW);
    expect(headings(stack.planText(file(NEW)))).toEqual([]);
    await stack.rollback(file(NEW), 'shop');
    expect(stack.planText(file(NEW))).toMatchInlineSnapshot(`
      "No changes. Your infrastructure matches the configuration.

      Left as it is:
        container.shop-server-1 is rolled back: the file asks for another command, limits
        container.shop-server-2 is rolled back: the file asks for another command, limits"
    `);
    expect(headings(stack.planText(file(V1)))).toMatchInlineSnapshot(`
      [
        "container.shop-server-1 will be updated in-place (no longer held back)",
        "container.shop-server-2 will be updated in-place (no longer held back)",
      ]
    `);
  });

  it('returns to the previous port', async () => {
    const moved = (text: string) => text.replace('port: 80', 'port: 81');
    const stack = await applied(V1);
    await stack.apply(moved(file(V1)));
    await stack.rollback(moved(file(V1)), 'shop');
    const ports = stack.rows.map(({ spec }) => (spec as ContainerSpec).rotation?.port);
    expect(ports.filter((port) => port !== undefined && port !== 80)).toEqual([]);
    expect(stack.planText(moved(file(V1)))).toContain('the file asks for another port');
  });

  it('keeps what the previous release needs although the file dropped it', async () => {
    const OLD = { more: 'volumes: [old:/data]' };
    const before = `${file(OLD)}volumes: { old: }\n`;
    const after = file(V1).replaceAll('web', 'other');
    const stack = new MemoryStack();
    await stack.apply(before);
    stack.host.ill.set('shop.shop-spare-1', 'status 503');
    await stack.apply(after);
    await stack.rollback(after, 'shop');
    expect(stack.planText(after)).toMatchInlineSnapshot(`
      "No changes. Your infrastructure matches the configuration.

      Left as it is:
        container.shop-server-1 is rolled back: the file asks for another image, volumes
        container.shop-server-2 is rolled back: the file asks for another image, volumes"
    `);
    expect(
      stack
        .planDestroy('shop')
        .units.map(({ id }) => id)
        .slice(-5),
    ).toMatchInlineSnapshot(`
      [
        "drop hosts.none-4f53cd",
        "drop image.web",
        "drop image.other",
        "drop image.base",
        "drop volume.old",
      ]
    `);
    stack.host.ill.clear();
    await stack.apply(after.replace('[serve]', '[mended]'));
    const old = stack.rows.filter(({ name }) => name === 'old');
    expect(old).toMatchObject([{ kind: 'volume', facts: { unused: true } }]);
  });

  it('leaves instances alone that the update had not reached', async () => {
    const stack = await applied(V1);
    stack.host.ill.set('shop.shop-spare-1', 'status 503');
    await stack.apply(file(NEW));
    expect(headings(stack.planText(file(NEW)))).toHaveLength(3);
    await stack.rollback(file(NEW), 'shop', { cut: true });
    expect(headings(stack.planText(file(NEW)))).toMatchInlineSnapshot(`
      [
        "container.shop-spare-1 will be destroyed (no longer needed)",
      ]
    `);
  });
});

it('is completed after an interruption, also for a single container', async () => {
  const stack = await applied(V1, V2);
  await stack.rollback(file(V2), 'db', { cut: true });
  expect(headings(stack.planText(file(V2)))).toEqual([
    'container.db must be replaced (image web has changed)',
  ]);
  const stop = new AbortController();
  const plan = stack.plan(file(V2));
  const emit = stack.events.push.bind(stack.events);
  stack.events.push = (event) => {
    if (event.type === 'unit-done') stop.abort();
    return emit(event);
  };
  await stack.executePlan(plan, stop.signal);
  expect(headings(stack.planText(file(V2)))).toMatchInlineSnapshot(`
    [
      "container.db will be created (unfinished: an earlier run was interrupted)",
    ]
  `);
  await stack.apply(file(V2));
  expect(stack.planText(file(V2))).toContain(
    'container.db is rolled back: the file asks for another image',
  );
});

describe('a rollback is rejected', () => {
  it.each([
    ['what was never changed', [V1], 'shop', 'it has not changed since it was created'],
    ['what was never applied', [], 'shop', 'it does not exist yet'],
    ['what is not there', [V1], 'shoop', 'no farm or container of that name in stack shop'],
  ])('for %s', async (_, files, name, cause) => {
    const stack = await applied(...files);
    expect(() => stack.planRollback(file(files.at(-1)), name)).toThrow(
      `cannot roll back ${name}: ${cause}`,
    );
  });

  it('a second time', async () => {
    const stack = await applied(V1, V2);
    await stack.rollback(file(V2), 'shop');
    expect(() => stack.planRollback(file(V2), 'shop')).toThrow('it is already rolled back');
  });

  it('if the image was not kept: its base was rebuilt in between', async () => {
    const stack = await applied(V1, V2, V3);
    stack.rows = stack.rows.map((row) => (row.kind === 'image' ? { ...row, facts: {} } : row));
    expect(() => stack.planRollback(file(V3), 'shop')).toThrow(
      'image web at that version no longer exists',
    );
  });
});
