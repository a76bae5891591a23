import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { headings, NOTHING, Stack } from '../stack/stack.js';

const CONTAINER = { command: IDLE, stop_signal: 'SIGKILL' };
const BEFORE = {
  name: 'shop',
  images: { base: SMALL_IMAGE },
  bridges: { net: { subnet: '10.77.1.0/24', host: '10.77.1.1' } },
  volumes: { data: {} },
  containers: {
    one: { ...CONTAINER, image: 'base', bridges: ['net'], volumes: ['data:/data'] },
    two: { ...CONTAINER, image: 'base', bridges: ['net'] },
  },
};
const MOVED = { ...CONTAINER, image: 'small', bridges: ['front'] };
const AFTER = {
  name: 'shop',
  images: { small: SMALL_IMAGE },
  bridges: { front: { subnet: '10.77.1.0/24', host: '10.77.1.1' } },
  volumes: { store: {} },
  containers: {
    one: { ...MOVED, volumes: ['store:/data'] },
    two: MOVED,
  },
};

it(
  'renames rows; a file with the same names then plans no changes',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, BEFORE);
    await stack.apply();
    const data = join(host.root, 'volumes/shop/data/kept');
    writeFileSync(data, 'mine');
    const before = stack.processes('shop.one', 'shop.two');
    const links = await host.ip('link');
    expect(await stack.done('state', 'mv', 'volume.data', 'volume.store')).toBe(
      'volume.data is now volume.store in the state; rename it in the file too\n',
    );
    await stack.done('state', 'mv', 'image.base', 'image.small');
    await stack.done('state', 'mv', 'bridge.net', 'bridge.front');
    stack.write(AFTER);
    expect(await stack.plan()).toBe(NOTHING);
    expect(await host.ip('link')).toEqual(links);
    expect(stack.processes('shop.one', 'shop.two')).toEqual(before);

    await stack.kill('shop.two');
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    expect(readFileSync(data, 'utf8')).toBe('mine');
    await stack.destroy();
  }),
);

it(
  'replaces a renamed container, and keeps its address',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, BEFORE);
    await stack.apply();
    const two = stack.processes('shop.two');
    const address = async (name: string) =>
      JSON.parse(await stack.done('ps', '--json')).find(
        (each: { name: string }) => each.name === name,
      ).addresses;
    const was = await address('one');
    await stack.done('state', 'mv', 'container.one', 'container.first');
    const { one: first, two: second } = BEFORE.containers;
    stack.write({ ...BEFORE, containers: { first, two: second } });
    expect(headings(await stack.plan())).toEqual([
      'container.first must be replaced (renamed from shop.one, hostname one → first)',
    ]);
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    expect(await address('first')).toEqual(was);
    expect(stack.processes('shop.two')).toEqual(two);
    expect(existsSync(join(host.root, 'disks/shop.one.img'))).toBe(false);
    await stack.destroy();
  }),
);

it(
  'refuses invalid moves',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, { name: 'shop', volumes: { a: {}, b: {} } });
    await stack.apply();
    const refusal = async (from: string, to: string) => {
      const { code, stderr } = await stack.run('state', 'mv', from, to);
      return `${code} ${stderr.split('\n')[0]}`;
    };
    expect(await refusal('volume.c', 'volume.d')).toBe('1 Error: no volume.c in stack shop');
    expect(await refusal('volume.a', 'volume.b')).toBe(
      '1 Error: cannot rename volume.a to volume.b: stack shop has one of that name',
    );
    expect(await refusal('volume.a', 'image.a')).toMatch(/: it is a volume$/);
    expect(await refusal('volume.a', '../x')).toMatch(/: that is not an address$/);
    await stack.done('state', 'mv', 'volume.a', 'volume.c');
    stack.write({ name: 'shop', volumes: { a: {}, b: {}, c: {} } });
    const { stderr } = await stack.run('plan');
    expect(stderr).toMatch(/cannot create volume.a: .* is that of volume.c, which had its name/);
    await stack.destroy();
  }),
);
