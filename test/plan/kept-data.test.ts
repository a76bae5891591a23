import { expect, it } from 'vitest';
import { kinds } from '../../src/kinds/index.js';
import { installPaths } from '../../src/model/install-paths.js';
import { type Row, resourceFromRow } from '../../src/model/resource.js';
import { buildPlan, type PlanInput } from '../../src/plan/build.js';
import { renderPlan } from '../../src/view/plan-text.js';
import { MemoryStack } from '../support/memory-stack.js';

const WITH = 'name: shop\nvolumes: { data: {}, logs: {} }\n';
const WITHOUT = 'name: shop\nvolumes: { logs: {} }\n';

const facts = (stack: MemoryStack, name: string) =>
  stack.rows.find((row) => row.name === name)?.facts;

it('keeps a volume that left the file, notes it in every plan, and reuses it', async () => {
  const stack = new MemoryStack();
  await stack.apply(WITH);
  const note = `No changes. Your infrastructure matches the configuration.

Left as it is:
  volume.data is no longer in the file; its data is kept until: baleine volume rm --stack shop data`;
  expect(stack.planText(WITHOUT)).toBe(note);
  await stack.apply(WITHOUT);
  expect(facts(stack, 'data')).toEqual({ unseeded: true, unused: true });
  expect(stack.planText(WITHOUT)).toBe(note);
  await stack.apply(WITH);
  expect(facts(stack, 'data')).toEqual({ unseeded: true });
  expect(stack.plan(WITH).notes).toBeUndefined();
});

it('keeps a volume whose creation was interrupted: it may contain data', async () => {
  const stack = new MemoryStack();
  await stack.apply(WITH);
  stack.rows = stack.rows.map((row) => ({ ...row, status: 'pending' }));
  expect(stack.plan(WITHOUT).changes.map(({ address }) => address)).toEqual(['volume.logs']);
});

it('drops the row of a volume whose folder is gone', async () => {
  const stack = new MemoryStack();
  await stack.apply(WITH);
  stack.rows = stack.rows.map((row) => ({ ...row, spec: { path: '/nowhere' } }));
  expect(stack.plan('name: shop\n').changes.map(({ action }) => action)).toEqual([
    'forget',
    'forget',
  ]);
});

it('destroys everything except data, unless requested, and reports what is lost', async () => {
  const stack = new MemoryStack();
  await stack.apply(`${WITHOUT}bridges: { front: {} }\n`);
  const sizes = new Map([['volume.logs', '12 files, 3.4M']] as const);
  const text = (deleteData: boolean) =>
    renderPlan(stack.planDestroy('shop', { deleteData, dataSizes: sizes }), {
      color: false,
      destroy: true,
    }).replace(/link: .*|alias: .*|path: .*/g, '…');
  expect(text(false)).toMatchInlineSnapshot(`
    "baleine will perform the following actions:

      # bridge.front will be destroyed (asked to be destroyed)
      - bridge.front

    Left as it is:
      volume.logs is kept with its data (12 files, 3.4M); --volumes removes it too

    Plan: 0 to add, 0 to change, 1 to destroy."
  `);
  expect(text(true)).toMatchInlineSnapshot(`
    "baleine will perform the following actions:

      # bridge.front will be destroyed (asked to be destroyed)
      - bridge.front

      # volume.logs will be destroyed (asked to be destroyed: 12 files, 3.4M will be lost)
      - volume.logs
          - …

    Plan: 0 to add, 0 to change, 2 to destroy."
  `);
  expect(stack.planDestroy('shop', { dataSizes: sizes }).losses).toEqual([
    { address: 'volume.logs', text: '12 files, 3.4M will be lost' },
  ]);
});

it('destroys a stack but keeps its protected volume', async () => {
  const stack = new MemoryStack();
  await stack.apply('name: shop\nvolumes: { data: { protect: true } }\n');
  expect(stack.planDestroy('shop', { deleteData: false }).changes).toEqual([]);
  const sizes = new Map([['volume.data', '12 files, 3.4M']] as const);
  const { changes, losses, notes } = stack.planDestroy('shop', { dataSizes: sizes });
  expect({ changes, losses, notes }).toEqual({
    changes: [],
    losses: undefined,
    notes: [
      {
        address: 'volume.data',
        text: 'is protected and stays with its data (12 files, 3.4M); set protect: false and apply, then it can go',
      },
    ],
  });
});

it('replaces a volume only if it is named', () => {
  const row = (path: string): Row => ({
    ...{ kind: 'volume', stack: 'shop', name: 'data', status: 'ready', spec: { path } },
    ...{ facts: {}, needs: [], protect: false },
  });
  const input: PlanInput = {
    stack: 'shop',
    resources: [resourceFromRow(row('/b'))],
    rows: [row('/a')],
    observed: { states: new Map([['volume.data', {}]]), foreign: new Map(), orphans: [] },
    ...{ kinds, paths: installPaths('/var/lib/baleine') },
    dataSizes: new Map([['volume.data', '1 file, 5B']]),
  };
  expect(() => buildPlan(input)).toThrow(
    'cannot replace volume.data: the data in it would be lost (path /a → /b, 1 file, 5B will be lost)',
  );
  const asked = buildPlan({ ...input, replace: ['volume.data'] });
  expect(asked.changes).toMatchObject([
    { action: 'replace', reasons: ['requested', 'path /a → /b', '1 file, 5B will be lost'] },
  ]);
  expect(asked.losses).toEqual([{ address: 'volume.data', text: '1 file, 5B will be lost' }]);
});

it('destroys around what is protected and what it needs, and names it', async () => {
  const stack = new MemoryStack();
  await stack.apply(`name: shop
images: { db: { from: { host: { binaries: [/bin/busybox] } }, command: [busybox] } }
bridges: { back: { subnet: 10.0.0.0/24 }, front: {} }
volumes: { data: {} }
containers:
  db: { image: db, bridges: [back], volumes: ["data:/data"], protect: true }
  web: { image: db, bridges: [front] }
`);
  const text = renderPlan(stack.planDestroy('shop'), { color: false, destroy: true });
  expect(text.replace(/^ +- (?!bridge|container|hosts).*\n/gm, '')).toMatchInlineSnapshot(`
    "baleine will perform the following actions:

      # container.web will be destroyed (asked to be destroyed)
      - container.web
          - bridges.front: no address

      # bridge.front will be destroyed (asked to be destroyed)
      - bridge.front

    Files derived from others follow for: hosts.front-7a66a5

    Left as it is:
      container.db is protected and stays; set protect: false and apply, then it can go
      image.db stays: container.db needs it
      bridge.back stays: container.db needs it
      volume.data stays: container.db needs it

    Plan: 0 to add, 0 to change, 2 to destroy."
  `);
});
