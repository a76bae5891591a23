import { describe, expect, it } from 'vitest';
import { rename } from '../../../src/app/state/rename.js';
import type { KindName } from '../../../src/model/address.js';
import type { ContainerSpec } from '../../../src/model/specs.js';
import { MemoryStack } from '../../support/memory-stack.js';

const FILE = `name: shop
images:
  base: { size: 8M, from: { host: { binaries: [/bin/busybox] } } }
  web: { from: { image: base }, run: [x], command: [busybox, httpd] }
  extra: { from: { image: web }, run: [y] }
bridges:
  net: { subnet: 10.9.1.0/24, host: 10.9.1.1 }
  back: { subnet: 10.9.2.0/24, isolated: true }
volumes: { data: {} }
containers:
  db: { image: web, bridges: [net, back], volumes: ["data:/data"], hostname: one }
  app: { image: extra, bridges: [net], depends_on: { db: { condition: service_healthy } } }
`.replace('hostname: one', 'hostname: one, healthcheck: { tcp: 80 }');
const NOTHING = 'No changes. Your infrastructure matches the configuration.';

async function applied(): Promise<MemoryStack> {
  const stack = new MemoryStack();
  await stack.apply(FILE);
  stack.host.now += 1000;
  return stack;
}

function move(stack: MemoryStack, kind: KindName, from: string, to: string): void {
  const after = new Map(rename(stack.rows, kind, from, to));
  stack.rows = stack.rows.map((row) => after.get(row) ?? row);
}

describe('a file with the same rename as the state', () => {
  it.each<[KindName, string, string, string]>([
    [
      'volume',
      'data',
      'store',
      FILE.replace('{ data: {} }', '{ store: {} }').replace('data:/d', 'store:/d'),
    ],
    [
      'image',
      'base',
      'small',
      FILE.replace('  base:', '  small:').replace('image: base', 'image: small'),
    ],
    [
      'image',
      'web',
      'site',
      FILE.replace('  web:', '  site:').replaceAll('image: web', 'image: site'),
    ],
    ['bridge', 'net', 'front', FILE.replace('  net:', '  front:').replaceAll('[net', '[front')],
  ])('needs no change: %s %s to %s', async (kind, from, to, text) => {
    const stack = await applied();
    move(stack, kind, from, to);
    expect(stack.planText(text)).toBe(NOTHING);
    stack.host.reboot();
    await stack.apply(text);
    expect(stack.planText(text)).toBe(NOTHING);
    await stack.executePlan(stack.planDestroy('shop'));
    expect([...stack.host.files.keys()].filter((path) => !path.endsWith('/hosts'))).toEqual([
      '/var/lib/baleine/images',
    ]);
    expect([...stack.host.links.keys()]).toEqual([]);
  });

  it('replaces a container, keeps its address, and leaves its peers alone', async () => {
    const stack = await applied();
    const text = FILE.replace('  db:', '  store:').replace('{ db:', '{ store:');
    move(stack, 'container', 'db', 'store');
    expect(stack.planText(text)).toBe(`baleine will perform the following actions:

  # container.store must be replaced (renamed from shop.db)
-/+ container.store
      ~ id: shop.db → shop.store  # forces replacement

Files derived from others follow for: hosts.back-net-53d7cd, hosts.net-90f17d

Plan: 1 to add, 0 to change, 1 to destroy.`);
    await stack.apply(text);
    expect(stack.planText(text)).toBe(NOTHING);
    const links = stack.rows.flatMap(({ name, spec }) =>
      name === 'store' ? (spec as ContainerSpec).links : [],
    );
    expect(links.map(({ address }) => address)).toEqual(['10.9.1.2/24', '10.9.2.1/24']);
  });
});

it('keeps the old name on the host until it is replaced', async () => {
  const stack = await applied();
  move(stack, 'container', 'db', 'store');
  const changes = stack.plan(
    FILE.replace('  db:', '  store:').replace('{ db:', '{ store:'),
  ).changes;
  expect(changes.filter(({ reasons }) => reasons.join().includes('orphaned'))).toEqual([]);
});

it('refuses to create a resource whose place the renamed one still has', async () => {
  const stack = await applied();
  move(stack, 'volume', 'data', 'store');
  const both = FILE.replace('{ data: {} }', '{ store: {}, data: {} }');
  expect(() => stack.plan(both)).toThrow(
    'cannot create volume.data: /var/lib/baleine/volumes/shop/data is that of volume.store, which had its name before',
  );
});
