import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { NOTHING, Stack } from './stack.js';

const MIB = 1024 ** 2;

const db = (volume: object = { size: '16M' }, more: object = {}) => ({
  name: 'shop',
  images: { box: SMALL_IMAGE },
  volumes: { data: volume },
  containers: { db: { image: 'box', command: IDLE, volumes: ['data:/data'], ...more } },
});

const folder = (host: PrivateHost) => join(host.root, 'volumes/shop/data');
const file = (host: PrivateHost) => `${folder(host)}.img`;

async function inside(stack: Stack, line: string): Promise<string> {
  const { stdout, stderr } = await stack.run('exec', 'db', '--', 'busybox', 'sh', '-c', line);
  return stdout + stderr;
}

/** What is mounted on the volume's folder: `/dev/loop3 ext4`, or nothing. */
async function mounted(host: PrivateHost): Promise<string> {
  const { stdout } = await host.run('cat', ['/proc/self/mounts']);
  const lines = stdout.split('\n').map((line) => line.split(' '));
  return lines
    .filter(([, path]) => path === folder(host))
    .map(([device, , type]) => `${device} ${type}`)
    .join();
}

/** Bytes of the file system that the container sees. */
async function sizeInside(stack: Stack): Promise<number> {
  const text = await inside(stack, 'busybox stat -f -c "%b %s" /data');
  const [blocks = 0, size = 0] = text.split(' ').map(Number);
  return blocks * size;
}

const FILL = 'busybox dd if=/dev/zero of=/data/fill bs=1M count=40 2>&1 | busybox tail -n 1';

describe('a volume with a size', () => {
  it(
    'is a file system of its own whose quota bites, and grows',
    inPrivateHost(async (host) => {
      const stack = new Stack(host, db());
      expect(await stack.done('plan')).toContain('volume.data will be created');
      await stack.apply();
      expect(await mounted(host)).toMatch(/^\/dev\/loop\d+ ext4$/);
      expect(readdirSync(folder(host))).toEqual([]);
      expect(await stack.plan()).toBe(NOTHING);

      await inside(stack, 'echo kept >/data/kept');
      expect(await inside(stack, 'busybox dd if=/dev/zero of=/data/fill bs=1M count=40')).toContain(
        'No space left on device',
      );
      expect(await sizeInside(stack)).toBeLessThanOrEqual(16 * MIB);
      await inside(stack, 'busybox rm /data/fill');

      stack.write(db({ size: '64M' }));
      const inUse = await stack.run('apply', '-y');
      // Linux asks for CAP_SYS_RESOURCE, which root does not have everywhere
      if (inUse.code !== 0) {
        expect(inUse.stderr).toMatch(
          /baleine\.yaml:\d+:\d+: .*cannot grow here, because root has no CAP/,
        );
        expect(statSync(file(host)).size).toBe(16 * MIB);
        await stack.done('stop', 'db');
        await stack.apply();
        await stack.done('start', 'db');
      }
      expect(await sizeInside(stack)).toBeGreaterThan(48 * MIB);
      expect(statSync(file(host)).size).toBe(64 * MIB);
      expect(await inside(stack, `${FILL}; busybox cat /data/kept`)).toMatch(/\nkept\n$/);
      expect(await stack.plan()).toBe(NOTHING);
      await stack.destroy();
      expect(existsSync(file(host))).toBe(false);
    }),
  );

  it(
    'is not made smaller than its data, nor while something uses it',
    inPrivateHost(async (host) => {
      const stack = new Stack(host, db({ size: '64M' }));
      await stack.apply();
      await inside(stack, 'busybox dd if=/dev/urandom of=/data/a bs=1M count=20 2>/dev/null');
      const sum = await inside(stack, 'busybox sha256sum /data/a');
      stack.write(db({ size: '16M' }));
      const small = await stack.run('plan');
      expect(small).toMatchObject({ code: 1, stdout: '' });
      expect(small.stderr).toMatch(/baleine\.yaml:\d+:\d+: its data takes 2.*more than 16M/s);
      stack.write(db({ size: '40M' }));
      const used = await stack.run('apply', '-y');
      expect(used.code).toBe(1);
      expect(used.stderr).toMatch(/has it mounted.*cannot become smaller: stop its containers/s);
      expect(statSync(file(host)).size).toBe(64 * MIB);

      await stack.done('stop', 'db');
      await stack.apply();
      expect(statSync(file(host)).size).toBe(40 * MIB);
      await stack.done('start', 'db');
      expect(await inside(stack, 'busybox sha256sum /data/a')).toBe(sum);
      expect(await sizeInside(stack)).toBeLessThanOrEqual(40 * MIB);
      expect(await stack.plan()).toBe(NOTHING);
      await stack.destroy();
    }),
  );

  it(
    'is mounted again after a reboot before its container starts, and by any start',
    inPrivateHost(async (host) => {
      const stack = new Stack(host, db());
      await stack.apply();
      await inside(stack, 'echo kept >/data/kept');
      await host.run('umount', [folder(host)]);
      expect(await stack.done('plan')).toContain(
        'volume.data will be updated in-place (not mounted)',
      );
      await stack.apply();
      expect(await mounted(host)).toMatch(/^\/dev\/loop\d+ ext4$/);
      expect((await host.run('cat', [join(folder(host), 'kept')])).stdout).toBe('kept\n');

      await stack.done('stop', 'db');
      await host.run('umount', [folder(host)]);
      await stack.done('start', 'db');
      expect(await inside(stack, 'busybox cat /data/kept')).toBe('kept\n');
      expect(await stack.plan()).toBe(NOTHING);
      await stack.destroy();
    }),
  );

  it(
    'is unmounted and kept by destroy, and by an apply without it',
    inPrivateHost(async (host) => {
      const stack = new Stack(host, db());
      await stack.apply();
      await inside(stack, 'echo kept >/data/kept');
      const destroyed = await stack.done('destroy', '-y');
      expect(destroyed).toContain('volume.data will be updated in-place (nothing uses it)');
      expect(destroyed).toMatch(/volume\.data is kept with its data \(1 file, /);
      expect(await mounted(host)).toBe('');
      expect(existsSync(file(host))).toBe(true);

      await stack.apply();
      expect(await inside(stack, 'busybox cat /data/kept')).toBe('kept\n');
      const { volumes: _, ...rest } = db();
      stack.write({ ...rest, containers: { db: { image: 'box', command: IDLE } } });
      await stack.apply('--quiet');
      expect(await mounted(host)).toBe('');
      expect(await stack.done('plan')).toContain('volume.data is no longer in the file');
      stack.write(db());
      await stack.apply();
      expect(await inside(stack, 'busybox cat /data/kept')).toBe('kept\n');
      await stack.destroy();
    }),
  );

  it(
    'has a device of its own, whose throttle holds',
    inPrivateHost(async (host) => {
      const io = [{ device: 'volume:data', write_bps: '1M' }];
      const stack = new Stack(host, db({}, { limits: { io } }));
      const refused = await stack.run('plan');
      expect(refused.stderr).toMatch(
        /baleine\.yaml:\d+:\d+: volume data has no size, so it has no device of its own/,
      );
      stack.write(db({ size: '16M' }, { limits: { io } }));
      await stack.apply();
      expect(await stack.plan()).toBe(NOTHING);
      const write = 'busybox dd if=/dev/zero of=/data/fill bs=256K count=8 oflag=direct 2>&1';
      const begun = performance.now();
      expect(await inside(stack, write)).toContain('8+0 records out');
      // 2 MiB at 1 MiB a second; the first may come at once
      expect(performance.now() - begun).toBeGreaterThan(900);
      // another loop device after the next mount
      await stack.done('stop', 'db');
      await host.run('umount', [folder(host)]);
      await stack.done('start', 'db');
      await stack.apply();
      expect(await stack.plan()).toBe(NOTHING);
      await stack.destroy();
    }),
  );

  it(
    'can be given to a folder with data, and taken away again',
    inPrivateHost(async (host) => {
      const stack = new Stack(host, db({}));
      await stack.apply();
      const make = [
        'cd /data; busybox mkdir -p a/b; echo one >a/b/c; busybox ln a/b/c hard; busybox ln -s a link',
        'busybox chown -R 7:8 a; busybox chmod 1750 a; busybox mkfifo pipe',
        'busybox dd if=/dev/null of=hole bs=1 seek=4194304 2>/dev/null',
      ].join('; ');
      expect(await inside(stack, make)).toBe('');
      const look =
        'cd /data; busybox find . -exec busybox stat -c "%n %a %u:%g %F %h %Y" {} + | busybox sort; busybox cat link/b/c';
      const before = await inside(stack, look);
      expect(before).toContain('one\n');

      stack.write(db({ size: '32M' }));
      const used = await stack.run('apply', '-y');
      expect(used).toMatchObject({ code: 1 });
      expect(used.stderr).toContain('a volume in use cannot get a size: stop its containers first');
      await stack.done('stop', 'db');
      await stack.apply();
      await stack.done('start', 'db');
      expect(await mounted(host)).toMatch(/ext4/);
      expect(await inside(stack, look)).toBe(before);
      expect(readdirSync(join(folder(host), '..')).sort()).toEqual(['data', 'data.img']);

      stack.write(db({}));
      await stack.done('stop', 'db');
      await stack.apply();
      await stack.done('start', 'db');
      expect(await mounted(host)).toBe('');
      expect(await inside(stack, look)).toBe(before);
      expect(readdirSync(join(folder(host), '..'))).toEqual(['data']);
      expect(await stack.plan()).toBe(NOTHING);
      await stack.destroy();
    }),
  );

  it(
    'is seeded from the image, and made by a command',
    inPrivateHost(async (host) => {
      const fill = [
        'set -e; b=busybox; $b mkdir -p /data/sub; echo first >/data/sub/file',
        '$b chown 5:6 /data; $b chmod 2770 /data',
      ];
      const from = { host: { binaries: ['/bin/busybox', '/bin/sh'] } };
      const image = { size: '16M', from, run: [fill.join('; ')] };
      const stack = new Stack(host, { ...db(), images: { box: image } });
      await stack.apply();
      expect(
        await inside(stack, 'busybox stat -c "%u:%g %a" /data; busybox cat /data/sub/file'),
      ).toBe('5:6 2770\nfirst\n');
      await stack.destroy();

      const lone = { env: {} };
      await host.baleine(['volume', 'create', '--size', '8M', 'lone'], lone);
      const inspected = await host.baleine(['volume', 'inspect', 'lone'], lone);
      expect(JSON.parse(inspected.stdout)).toMatchObject([
        { name: 'lone', size: 8 * MIB, files: 0 },
      ]);
      await host.baleine(['volume', 'rm', 'lone'], lone);
      expect(existsSync(join(host.root, 'volumes/-/lone.img'))).toBe(false);
    }),
  );
});
