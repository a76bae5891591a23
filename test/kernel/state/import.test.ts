import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { headings, NOTHING, Stack } from '../stack/stack.js';

const refusal = async (stack: Stack, ...words: string[]) => {
  const { code, stderr } = await stack.run('import', ...words);
  return `${code} ${stderr.split('\n')[0]}`;
};

it(
  'imports a bridge under its own name, and plans the differences',
  inPrivateHost(async (host) => {
    const bridge = { subnet: '10.77.1.0/24', host: '10.77.1.1' };
    const stack = new Stack(host, { name: 'shop', bridges: { lan: bridge } });
    const ip = (...words: string[]) => host.run('ip', words);
    await ip('link', 'add', 'br0', 'type', 'bridge');
    await ip('link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth1');
    await ip('address', 'add', '10.5.5.5/24', 'dev', 'br0');
    expect(await refusal(stack, 'bridge.lan')).toMatch(
      /^1 Error: .*: the host has no interface bb-/,
    );
    expect(await refusal(stack, 'bridge.lan', 'veth0')).toMatch(
      /: interface veth0 is not a bridge$/,
    );
    expect(await refusal(stack, 'bridge.lan', 'br0\nlink')).toMatch(/the host has no interface/);
    expect(await refusal(stack, 'bridge.lan', 'br0')).toMatch(
      /: br0 has the address 10.5.5.5\/24, but the file says 10.77.1.1\/24$/,
    );
    expect(await refusal(stack, 'bridge.wan', 'br0')).toMatch(/: the file of shop has none$/);
    await ip('address', 'delete', '10.5.5.5/24', 'dev', 'br0');
    await stack.done('import', 'bridge.lan', 'br0');
    expect(await refusal(stack, 'bridge.lan', 'br0')).toMatch(/: it is recorded already$/);
    expect(headings(await stack.plan())).toEqual([
      'bridge.lan will be updated in-place (link br0 is down, address 10.77.1.1/24 is missing)',
    ]);
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    const [seen] = await host.ip('address', 'show', 'br0');
    expect(seen).toMatchObject({ addr_info: [{ local: '10.77.1.1' }] });
    await ip('link', 'delete', 'veth0');
    await stack.destroy();
  }),
);

it(
  'imports a folder as a volume, in place or by moving it',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, { name: 'shop', volumes: { a: {}, b: {} } });
    const [elsewhere, usual] = [join(host.dir, 'old'), join(host.root, 'volumes/shop')];
    for (const dir of [elsewhere, join(usual, 'a')]) {
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, 'kept'), 'mine');
    }
    expect(await refusal(stack, 'volume.b')).toMatch(
      /: folder .*\/volumes\/shop\/b does not exist$/,
    );
    await stack.done('import', 'volume.a');
    await stack.done('import', 'volume.b', elsewhere);
    expect(await stack.plan()).toBe(NOTHING);
    expect(readFileSync(join(usual, 'b/kept'), 'utf8')).toBe('mine');
    expect(existsSync(elsewhere)).toBe(false);
    stack.write({ name: 'shop', volumes: { a: {}, b: {}, c: {} } });
    expect(await refusal(stack, 'volume.c', join(usual, 'a'))).toMatch(
      /: that is volume.a of stack/,
    );
    await stack.destroy();
  }),
);

/** An image file like baleine's own, which is not recorded. */
async function imageFile(host: PrivateHost): Promise<string> {
  const made = new Stack(host, { name: 'made', images: { base: SMALL_IMAGE } }, 'made.yaml');
  await made.apply();
  const file = join(host.dir, 'base.img');
  copyFileSync(join(host.root, 'images/made.base.img'), file);
  await made.destroy();
  return file;
}

it(
  'imports a disk file as an image, and one as a container’s disk',
  inPrivateHost(async (host) => {
    const file = await imageFile(host);
    const words = {
      name: 'shop',
      images: { base: SMALL_IMAGE },
      containers: { one: { image: 'base', command: IDLE, stop_signal: 'SIGKILL' } },
    };
    const stack = new Stack(host, { ...words, images: { base: { ...SMALL_IMAGE, size: '64M' } } });
    expect(await refusal(stack, 'image.base', file)).toMatch(/ has .*M, but the file says 64M$/);
    stack.write(words);
    expect(await refusal(stack, 'image.base', stack.file)).toMatch(/the file says/);
    await stack.done('import', 'image.base', file);
    expect(headings(await stack.plan())).toEqual(['container.one will be created (new)']);

    const disk = join(host.dir, 'disk.img');
    copyFileSync(file, disk);
    execFileSync('debugfs', ['-w', '-R', `write ${stack.file} mark`, disk], { stdio: 'ignore' });
    const damaged = join(host.dir, 'damaged.img');
    writeFileSync(damaged, readFileSync(disk).subarray(0, 100_000));
    expect(await refusal(stack, 'container.one', damaged)).toMatch(/has 100000 bytes, its file/);
    await stack.done('import', 'container.one', disk);
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    expect(await stack.done('exec', 'one', 'busybox', 'cat', '/mark')).toContain('"shop"');
    await stack.destroy();
  }),
);
