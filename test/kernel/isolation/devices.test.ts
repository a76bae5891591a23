import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { usableRuntimes } from '../../support/runtimes.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { NOTHING, Stack } from '../stack/stack.js';

/** One idle container with some keys. */
const file = (more: object) => ({
  name: 'devices',
  images: { box: SMALL_IMAGE },
  containers: { box: { image: 'box', command: IDLE, stop_signal: 'SIGKILL', ...more } },
});

/** Opens each path for reading and for writing inside: `r`, `w`, `rw`, `-` for neither, or `none`. */
async function opened(host: PrivateHost, ...paths: string[]): Promise<Record<string, string>> {
  const script = `for each do
    [ -e "$each" ] || { echo none; continue; }
    how=
    (: <"$each") 2>/dev/null && how=r
    (: >"$each") 2>/dev/null && how=\${how}w
    echo "\${how:--}"
  done`;
  const words = ['exec', 'box', 'busybox', 'sh', '-c', script, 'sh', ...paths];
  const { stdout } = await host.baleine(words);
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((each, i) => [paths[i], each]),
  );
}

describe.each(usableRuntimes())('device files of %s', (runtime) => {
  it(
    'leave the host’s own /dev/null, which is its input, to the host',
    inPrivateHost(async (host) => {
      const stack = new Stack(host, file({ runtime, userns: 'auto' }));
      await stack.apply();
      // the mode that it has: only the owner may set it
      const words = ['exec', 'box', 'busybox', 'chmod', '666', '/proc/1/fd/0'];
      const { code, stderr } = await host.baleine(words, { reject: false });
      expect([code, stderr]).toEqual([1, expect.stringContaining('Operation not permitted')]);
      await stack.destroy();
    }),
  );

  it(
    'are those that were named, with their access; any other stays denied',
    inPrivateHost(async (host) => {
      const devices = ['/dev/fuse', '/dev/loop-control:/dev/own/loops:r'];
      const stack = new Stack(host, file({ runtime, devices }));
      expect(await stack.plan()).toContain('/dev/loop-control:/dev/own/loops:r');
      await stack.apply();
      const paths = ['/dev/fuse', '/dev/own/loops', '/dev/loop-control', '/dev/kmsg'];
      expect(await opened(host, ...paths)).toEqual({
        '/dev/fuse': 'rw',
        '/dev/own/loops': 'r',
        '/dev/loop-control': 'none',
        '/dev/kmsg': 'none',
      });
      expect(await stack.plan()).toBe(NOTHING);

      const others = ['/dev/loop-control:/dev/own/loops:rw'];
      const changed = new Stack(host, file({ runtime, devices: others, cap_add: ['MKNOD'] }));
      expect(await changed.plan()).toContain('# forces replacement');
      await changed.apply();
      expect(await opened(host, '/dev/own/loops', '/dev/fuse')).toEqual({
        '/dev/own/loops': 'rw',
        '/dev/fuse': 'none',
      });
      const make = 'busybox mknod /dev/fuse c 10 229; (: </dev/fuse) 2>/dev/null || echo denied';
      const { stdout } = await host.baleine(['exec', 'box', 'busybox', 'sh', '-c', make]);
      expect(stdout).toBe('denied\n');
      expect(await changed.plan()).toBe(NOTHING);
      await changed.destroy();
      expect(await host.leaks()).toEqual([]);
    }),
  );

  it(
    'work for a container with user ids of its own',
    inPrivateHost(async (host) => {
      // others may open it, whose owner is nobody inside
      const node = join(host.dir, 'node');
      await host.run('mknod', ['--mode=0666', node, 'c', '10', '229']);
      const devices = [`${node}:/dev/mine`, '/dev/zero:/dev/nothing'];
      const stack = new Stack(host, file({ runtime, userns: 'auto', devices }));
      await stack.apply();
      expect(await opened(host, '/dev/mine', '/dev/nothing', '/dev/fuse')).toEqual({
        '/dev/mine': 'rw',
        '/dev/nothing': 'rw',
        '/dev/fuse': 'none',
      });
      expect(await stack.plan()).toBe(NOTHING);
      await stack.destroy();
      expect(await host.leaks()).toEqual([]);
    }),
  );
});

it(
  'a device that is missing, is none, or is memory or a disk in use is refused at plan',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, file({}));
    await stack.apply();
    const disk = (await host.run('findmnt', ['-rno', 'SOURCE', '-t', 'ext4'])).stdout;
    const loop = disk.split('\n').find((each) => /^\/dev\/loop\d+$/.test(each)) ?? '';
    const [memory, pipe] = ['memory', 'pipe'].map((name) => join(host.dir, name));
    await host.run('mknod', [memory as string, 'c', '1', '1']);
    await host.run('mkfifo', [pipe as string]);
    for (const [device, cause] of [
      ['/dev/none', /this host has no such device/],
      [pipe, /it is not a device/],
      [host.dir, /it is the memory of the host/],
      [memory, /it is the memory of the host/],
      ['/etc/ssl', /there is no device in this folder/],
      [loop, /the host uses this disk: it is mounted at/],
    ] as const) {
      writeFileSync(
        join(host.dir, 'compose.yaml'),
        `services:\n  box:\n    x-baleine: { image: box }\n    devices:\n      - ${device}:/dev/x\n`,
      );
      const { code, stderr } = await host.baleine(['-f', 'compose.yaml', 'plan'], {
        reject: false,
      });
      expect(stderr).toMatch(cause);
      expect(stderr).toContain(`compose.yaml:5:9: cannot give ${device} to a container: `);
      expect(code).toBe(1);
    }
    const where = new Stack(host, file({ devices: ['/dev/fuse:/etc/fuse'] }), 'where.yaml');
    expect((await where.run('plan')).stderr).toContain('a device cannot be at /etc/fuse');
    await stack.destroy();
    expect(await host.leaks()).toEqual([]);
  }),
);
