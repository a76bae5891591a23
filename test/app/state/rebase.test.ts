import { expect, it } from 'vitest';
import { rebaseRows } from '../../../src/app/state/rebase.js';
import { installPaths } from '../../../src/model/install-paths.js';
import type { ContainerSpec } from '../../../src/model/specs.js';
import { MemoryStack } from '../../support/memory-stack.js';

const FILE = `name: shop
images:
  base: { size: 64M, from: { host: { binaries: [/bin/busybox] } } }
  web: { from: { image: base }, run: [make] }
  more: { from: { image: web }, run: [more] }
bridges: { front: { subnet: 10.1.0.0/24, host: 10.1.0.1 } }
volumes: { data: {} }
containers:
  one: { image: more, command: [serve], bridges: [front], volumes: ["data:/data"] }
  two: { image: web, command: [serve], bridges: [front], depends_on: [one] }
`;
const FROM = installPaths('/var/lib/baleine');

async function applied(): Promise<MemoryStack> {
  const stack = new MemoryStack();
  await stack.apply(FILE);
  return stack;
}

it.each(['/srv/copy', '/var/lib/baleine/copy', '/var/lib', '/var/lib/baleine2'])(
  'leaves nothing of the old place, its names and its processes, for %s',
  async (root) => {
    const to = installPaths(root);
    const { rows } = await applied();
    const moved = rebaseRows(rows, FROM, to);
    const text = JSON.stringify(moved);
    const old = rows.flatMap(({ kind, spec }) =>
      kind === 'container' ? (spec as ContainerSpec).links.map(({ link }) => link) : [],
    );
    for (const each of [...old, FROM.tag, FROM.run, '"pid"', 'start_time', 'boot_id']) {
      expect(text).not.toContain(each);
    }
    for (const [, path = ''] of text.matchAll(/"(\/var\/lib[^"]*)"/g)) {
      expect(`${path}/`.startsWith(`${root}/`), path).toBe(true);
    }
    // a second time, as after a crash
    const paths = (all: typeof rows) => JSON.stringify(all).match(/"\/[^"]*"/g);
    expect(paths(rebaseRows(moved, FROM, to))).toEqual(paths(moved));
  },
);

it('keeps containers matched with their images', async () => {
  const { rows } = await applied();
  const moved = rebaseRows(rows, FROM, installPaths('/srv/copy'));
  const stack = new MemoryStack(installPaths('/srv/copy'));
  stack.rows = moved;
  const desired = stack.desired(FILE).resources;
  for (const { address, spec } of desired) {
    const row = moved.find(({ kind, name }) => `${kind}.${name}` === address);
    expect(row?.spec, address).toEqual(JSON.parse(JSON.stringify(spec)));
  }
});

it('changes only host facts if the paths are the same', async () => {
  const { rows } = await applied();
  const moved = rebaseRows(rows, FROM, FROM);
  expect(moved.map(({ spec }) => spec)).toEqual(rows.map(({ spec }) => spec));
  const facts = moved.filter(({ kind }) => kind === 'container').map((row) => row.facts);
  expect(facts).toEqual([{}, {}]);
});
