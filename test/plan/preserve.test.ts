import { expect, it } from 'vitest';
import type { Unit } from '../../src/model/plan.js';
import { MemoryStack } from '../support/memory-stack.js';

const file = (command: string, volume: object, more: object = {}) =>
  JSON.stringify({
    name: 'shop',
    images: {
      box: { size: '64M', from: { host: { binaries: ['/bin/busybox'] } }, command: ['busybox'] },
    },
    volumes: { data: volume, other: {} },
    containers: {
      db: { image: 'box', command: [command], volumes: ['data:/data', 'other:/other'], ...more },
      backup: { image: 'box', command: [command], volumes: ['data:/srv:ro'] },
      idle: { image: 'box', volumes: ['other:/other'] },
    },
  });

const ON = { snapshot_on_change: { keep: 2 } };
const FOLDER = '/var/lib/baleine/snapshots/shop/data/';

const tags = (stack: MemoryStack) =>
  [...stack.host.files.keys()].flatMap((each) =>
    each.startsWith(FOLDER) ? [each.slice(FOLDER.length)] : [],
  );
const needsOf = (units: readonly Unit[], id: string) =>
  units.find((unit) => unit.id === id)?.needs ?? [];
const data = (stack: MemoryStack) => stack.rows.find(({ name }) => name === 'data');

it('takes one snapshot of a volume before all that mount it are replaced', async () => {
  const stack = new MemoryStack();
  await stack.apply(file('one', ON));
  expect(tags(stack)).toEqual([]);
  expect(stack.planText(file('two', ON))).toMatchInlineSnapshot(`
    "baleine will perform the following actions:

      # container.db must be replaced (command changed, snapshot of volume.data first)
    -/+ container.db
          ~ command: ["one"] → ["two"]  # forces replacement

      # container.backup must be replaced (command changed, snapshot of volume.data first)
    -/+ container.backup
          ~ command: ["one"] → ["two"]  # forces replacement

    Plan: 2 to add, 0 to change, 2 to destroy."
  `);
  const { units } = stack.plan(file('two', ON));
  expect(units.map(({ id }) => id)).toEqual([
    'preserve volume.data',
    'drop container.db',
    'put container.db',
    'drop container.backup',
    'put container.backup',
  ]);
  for (const id of ['drop container.db', 'drop container.backup', 'put container.db']) {
    expect(needsOf(units, id)).toContain('preserve volume.data');
  }
  expect(units[0]?.steps).toMatchObject([
    {
      verb: 'volume.snapshot',
      args: { isFolder: true, keep: 2, writers: [{ id: 'shop.db' }, { id: 'shop.backup' }] },
      reason: 'containers that mount it are replaced',
    },
  ]);
  await stack.apply(file('two', ON));
  expect(tags(stack)).toEqual([expect.stringMatching(/^before-change-\d{8}-\d{6}$/)]);
  expect(stack.plan(file('two', ON)).changes).toEqual([]);
});

it('takes one as the file says now, before the volume itself changes', async () => {
  const stack = new MemoryStack();
  await stack.apply(file('one', {}));
  const { units } = stack.plan(file('two', ON));
  expect(needsOf(units, 'put volume.data')).toEqual(['preserve volume.data']);
  await stack.apply(file('two', ON));
  expect(data(stack)).toMatchObject({ status: 'ready', spec: ON });
  expect(tags(stack)).toHaveLength(1);
  await stack.apply(file('three', {}));
  expect(tags(stack)).toHaveLength(1);
});

it('takes none for what replaces nothing', async () => {
  const stack = new MemoryStack();
  await stack.apply(file('one', ON));
  const plans = [
    stack.plan(file('one', ON, { limits: { memory: '64M' } })),
    stack.plan(file('one', ON), { restart: ['container.db'] }),
    stack.plan(file('one', ON), { replace: ['container.idle'] }),
    stack.planDestroy('shop'),
  ];
  for (const { changes, units } of plans) {
    expect(changes.length).toBeGreaterThan(0);
    expect(units.flatMap(({ steps }) => steps.map(({ verb }) => verb))).not.toContain(
      'volume.snapshot',
    );
  }
  expect(stack.plan(file('one', ON), { replace: ['container.db'] }).changes).toMatchObject([
    { reasons: ['requested', 'snapshot of volume.data first'] },
  ]);
});

it('replaces nothing without it, and keeps one of a change that is tried again', async () => {
  const stack = new MemoryStack();
  const hooks = { pre_snapshot: [{ command: ['flush'] }] };
  await stack.apply(file('one', ON, hooks));
  const before = stack.rows.filter(({ kind }) => kind === 'container');
  stack.host.failing.add('flush');
  await stack.apply(file('two', ON, hooks));
  expect(stack.rows.filter(({ kind }) => kind === 'container')).toEqual(before);
  expect(tags(stack)).toEqual([]);
  expect(data(stack)).toMatchObject({ status: 'pending' });
  expect(stack.events.filter(({ type }) => type === 'unit-failed')).toMatchObject([
    {
      address: 'volume.data',
      error: expect.stringMatching(
        /^cannot take a snapshot before the change: cannot run pre_snapshot of shop.db: flush: exit code 1/,
      ),
      hint: 'Nothing that mounts it was replaced. Without snapshot_on_change, that is done without a snapshot.',
    },
  ]);
  stack.host.failing.clear();
  // interrupted after the snapshot
  const plan = stack.plan(file('two', ON, hooks));
  const interrupted = { ...plan, units: plan.units.filter(({ kind }) => kind === 'volume') };
  await stack.executePlan(interrupted);
  const [first] = tags(stack);
  await stack.apply(file('two', ON, hooks));
  const [second, ...others] = tags(stack);
  expect(others).toEqual([]);
  expect(second).not.toBe(first);
  expect(stack.plan(file('two', ON, hooks)).changes).toEqual([]);
  for (const command of ['three', 'four', 'five']) await stack.apply(file(command, ON, hooks));
  expect(tags(stack)).toHaveLength(2);
});

it('keeps the disk of a replaced container, and of none that is removed or was never made', async () => {
  const stack = new MemoryStack();
  const on = { snapshot_on_change: { keep: 1 } };
  const kept = () => [...stack.host.files.keys()].filter((each) => /container\.db/.test(each));
  await stack.apply(file('one', {}, on));
  expect(stack.planText(file('two', {}, on), { targets: ['container.db'] })).toMatchInlineSnapshot(`
    "baleine will perform the following actions:

      # container.db must be replaced (command changed, its disk is kept as a snapshot)
    -/+ container.db
          ~ command: ["one"] → ["two"]  # forces replacement

    Plan: 1 to add, 0 to change, 1 to destroy."
  `);
  const { units } = stack.plan(file('two', {}, on), { targets: ['container.db'] });
  const verbs = units[0]?.steps.map(({ verb }) => verb) ?? [];
  expect(verbs.slice(-3)).toEqual(['container.unmount', 'container.keep-disk', 'container.erase']);
  for (const command of ['two', 'three']) {
    await stack.apply(file(command, {}, on));
    expect(kept()).toEqual([
      expect.stringMatching(/^\/var\/lib\/baleine\/snapshots\/shop\/container\.db\/before-change-/),
    ]);
  }
  const gone = stack
    .planDestroy('shop')
    .units.flatMap(({ steps }) => steps.map(({ verb }) => verb));
  expect(gone).not.toContain('container.keep-disk');
  stack.rows = stack.rows.map((row) =>
    row.name === 'db' ? { ...row, status: 'pending', facts: { unmade: true } } : row,
  );
  const again = stack.plan(file('four', {}, on), { targets: ['container.db'] });
  expect(JSON.stringify(again)).not.toContain('keep-disk');
});
