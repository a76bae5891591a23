import { expect, it } from 'vitest';
import { MemoryStack } from '../support/memory-stack.js';

const BRIDGE = 'bridges: { net: { subnet: 10.9.1.0/24 } }\n';
const IMAGES = 'images: { base: { size: 8M, from: { host: { binaries: [/bin/busybox] } } } }\n';
const WEB = 'containers: { web: { image: base, command: [x], bridges: [net] } }\n';
const FULL = `name: shop\n${IMAGES}${BRIDGE}${WEB}`;
const NOTHING = 'No changes. Your infrastructure matches the configuration.';

/** An applied stack whose rows of these kinds were lost. */
async function having(lost: string[]): Promise<MemoryStack> {
  const stack = new MemoryStack();
  await stack.apply(FULL);
  stack.rows = stack.rows.filter(({ kind }) => !lost.includes(kind));
  return stack;
}

it('finds none in a stack that matches its records', async () => {
  const stack = await having([]);
  expect(stack.planText(FULL)).toBe(NOTHING);
});

it('removes what carries the stack’s mark but is neither recorded nor desired', async () => {
  const stack = await having(['container', 'bridge', 'image']);
  const text = 'name: shop\n';
  const marks = ['bridge.net', 'container.web', 'image.base'];
  const plan = stack.plan(text);
  const orphans = plan.changes.filter(({ reasons }) => reasons.join().startsWith('orphaned'));
  expect(orphans.map(({ address, action, drift }) => [address, action, drift])).toEqual(
    marks.map((address) => [address, 'delete', true]),
  );
  expect(stack.planText(text)).toContain(
    '  # container.web will be destroyed (orphaned: it carries our mark but is in no state file)\n  - container.web\n',
  );
  await stack.apply(text);
  expect(stack.planText(text)).toBe(NOTHING);
  expect([...stack.host.links.keys()]).toEqual([]);
  expect([...stack.host.running.keys()]).toEqual([]);
  expect([...stack.host.mounts.keys()]).toEqual([]);
  expect([...stack.host.cgroups.keys()]).toEqual([]);
  expect(stack.rows).toEqual([]);
});

it('writes no row for what it removes', async () => {
  const stack = await having(['container']);
  const other = `name: shop\n${IMAGES}${BRIDGE}`;
  const plan = stack.plan(other);
  const stop = new AbortController();
  stop.abort();
  await stack.executePlan(plan, stop.signal);
  expect(stack.rows.some(({ kind }) => kind === 'container')).toBe(false);
});

it.each([
  ['a network namespace', '/run/netns/baleine-TAG-shop.old'],
  ['a mounted bundle', '/run/baleine/TAG/containers/shop.old/rootfs'],
])('recognizes a container by %s alone', async (_what, path) => {
  const stack = await having([]);
  stack.host.mounts.set(path.replace('TAG', stack.paths.tag), 'x');
  expect(stack.planText(FULL)).toContain('# container.old will be destroyed (orphaned');
  await stack.apply(FULL);
  expect(stack.planText(FULL)).toBe(NOTHING);
});

it('recognizes a container by its cgroup, disk or log alone', async () => {
  const stack = await having([]);
  stack.host.cgroups.set(`/baleine/${stack.paths.tag}/shop.one`, {});
  const file = { size: 1, directory: false };
  stack.host.files.set(`${stack.paths.root}/disks/shop.two.img`, file);
  stack.host.files.set(`${stack.paths.root}/disks/.shop.three.img.part`, file);
  stack.host.files.set(`${stack.paths.root}/logs/shop.four.log`, file);
  const gone = stack.plan(FULL).changes.map(({ address }) => address);
  expect(gone).toEqual(['container.four', 'container.one', 'container.three', 'container.two']);
});

it('recognizes an image by its kept version alone', async () => {
  const stack = await having([]);
  const kept = `${stack.paths.root}/images/shop.five.previous.img`;
  stack.host.files.set(kept, { size: 1, directory: false });
  expect(stack.plan(FULL).changes.map(({ address }) => address)).toEqual(['image.five']);
  await stack.apply(FULL);
  expect(stack.host.files.has(kept)).toBe(false);
  expect(stack.planText(FULL)).toBe(NOTHING);
});

it('leaves other stacks, other installations and unmarked resources alone', async () => {
  const stack = await having([]);
  const { host, paths } = stack;
  host.mounts.set(`/run/netns/baleine-${paths.tag}-other.web`, 'nsfs');
  host.mounts.set('/run/netns/baleine-000000-shop.web2', 'nsfs');
  host.mounts.set('/run/netns/mine', 'nsfs');
  host.cgroups.set('/baleine/000000/shop.web3', {});
  host.files.set(`${paths.root}/disks/lost+found`, { size: 0, directory: true });
  const link = { kind: 'bridge', up: true, addresses: [] };
  host.links.set('br0', { ...link, name: 'br0', alias: 'baleine:000000:shop/bridge.x' });
  host.links.set('br1', { ...link, name: 'br1' });
  expect(stack.planText(FULL)).toBe(NOTHING);
});

it('is ignored by a plan with targets; data is never an orphan', async () => {
  const stack = await having(['bridge']);
  const without = `name: shop\n${IMAGES}volumes: { data: {} }\n`;
  expect(stack.plan(without, { targets: ['image.base'] }).changes).toEqual([]);
  await stack.apply(without);
  stack.rows = stack.rows.filter(({ kind }) => kind !== 'volume');
  expect(stack.planText(`name: shop\n${IMAGES}`)).toBe(NOTHING);
});
