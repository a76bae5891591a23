import { expect, it } from 'vitest';
import { MemoryStack } from '../support/memory-stack.js';

const IMAGE = '{ size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox] }';
const HEAD = `name: shop\nimages:\n  db: ${IMAGE}\n  other: ${IMAGE}\n`;
const file = (rest: string) => `${HEAD}${rest}`;

const CREATED = 'volumes: { data: {} }\n';
const MOUNTED = `${CREATED}containers:
  db: { image: db, volumes: ["data:/var/lib/db"] }
  backup: { image: other, volumes: ["data:/srv:ro"] }
`;

const data = (stack: MemoryStack) => stack.rows.find(({ kind }) => kind === 'volume');

it('fills a new volume from the image of the first container that mounts it', async () => {
  const stack = new MemoryStack();
  const text = stack.planText(file(MOUNTED)).replace(/"\/var\/lib\/baleine/g, '"ROOT');
  expect(text).toMatchInlineSnapshot(`
    "baleine will perform the following actions:

      # image.db will be created (new)
      + image.db
          + size: 64M
          + from.host.binaries: ["/bin/busybox"]
          + command: ["busybox"]

      # image.other will be created (new)
      + image.other
          + size: 64M
          + from.host.binaries: ["/bin/busybox"]
          + command: ["busybox"]

      # volume.data will be created (new, seeded from /var/lib/db of image db)
      + volume.data
          + path: /var/lib/baleine/volumes/shop/data

      # container.db will be created (new)
      + container.db
          + image: db
          + command: ["busybox"]
          + volumes: ["ROOT/volumes/shop/data:/var/lib/db"]

      # container.backup will be created (new)
      + container.backup
          + image: other
          + command: ["busybox"]
          + volumes: ["ROOT/volumes/shop/data:/srv:ro"]

    Files derived from others follow for: hosts.none-4f53cd

    Plan: 5 to add, 0 to change, 0 to destroy."
  `);
  await stack.apply(file(MOUNTED), { targets: ['volume.data'] });
  expect(stack.host.seeded).toEqual([
    {
      path: '/var/lib/baleine/volumes/shop/data',
      image: '/var/lib/baleine/images/shop.db.img',
      from: '/var/lib/db',
    },
  ]);
  await stack.apply(file(MOUNTED));
  expect(data(stack)).toMatchObject({ facts: {}, needs: [] });
  expect(stack.plan(file(MOUNTED)).changes).toEqual([]);
});

it('fills a volume that nothing has mounted before, and no other', async () => {
  const stack = new MemoryStack();
  await stack.apply(file(CREATED));
  expect(stack.host.seeded).toEqual([]);
  const changes = () => stack.plan(file(MOUNTED)).changes.filter((each) => /^v/.test(each.address));
  expect(changes()).toMatchObject([
    { action: 'update', reasons: ['seeded from /var/lib/db of image db'] },
  ]);
  const before = structuredClone(stack.rows);
  await stack.apply(file(MOUNTED));
  expect(stack.host.seeded).toHaveLength(1);
  expect(stack.plan(file(MOUNTED)).changes).toEqual([]);
  // a row of an earlier release
  stack.rows = before.map((row) => ({ ...row, facts: {} }));
  expect(changes()).toEqual([]);
});

const SIZED = MOUNTED.replace('data: {}', 'data: { size: 1G }');

it('grows a volume in place, mounts it again, and unmounts it once nothing needs it', async () => {
  const stack = new MemoryStack();
  await stack.apply(file(SIZED));
  expect(stack.planText(file(SIZED.replace('1G', '2G')))).toMatchInlineSnapshot(`
    "baleine will perform the following actions:

      # volume.data will be updated in-place (size 1G → 2G)
      ~ volume.data
          ~ size: 1G → 2G

    Plan: 0 to add, 1 to change, 0 to destroy."
  `);
  stack.host.mounts.delete('/var/lib/baleine/volumes/shop/data');
  expect(stack.planText(file(SIZED))).toMatchInlineSnapshot(`
    "Changes outside baleine were found:

      # volume.data will be updated in-place (not mounted)
      ~ volume.data

    Plan: 0 to add, 1 to change, 0 to destroy."
  `);
  await stack.apply(file(SIZED));
  const { units } = stack.planDestroy('shop', { deleteData: false });
  const order = units.map(({ id }) => id).filter((id) => /db|backup|data/.test(id));
  expect(order.at(-1)).toBe('release volume.data');
  expect(units.find(({ id }) => id === order.at(-1))?.needs.toSorted()).toEqual([
    'drop container.backup',
    'drop container.db',
  ]);
});
