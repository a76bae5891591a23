import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { treeOf, writeTree } from '../pool/tree.js';
import { NOTHING, Stack } from './stack.js';

const FULL = /^Error: .*the file system of \S+ is full, all [\d.]+M of it\n {2}Free space there/;

/** A root on a file system of its own, as the host sees it. */
async function mountRoot(host: PrivateHost): Promise<string> {
  const file = join(host.dir, 'disk');
  await host.run('truncate', ['--size=80M', file]);
  await host.run('mkfs.ext4', ['-q', '-m', '0', '-b', '4096', file]);
  await host.run('mkdir', [host.root]);
  await host.run('mount', ['-o', 'loop', file, host.root]);
  await host.run('rmdir', [join(host.root, 'lost+found')]);
  return `/proc/${host.pid}/root${host.root}`;
}

it.each([
  { form: 'a folder', volume: {} },
  { form: 'a file system', volume: { size: '24M' } },
])(
  'a disk that is full in the middle of a snapshot or a restore of $form loses nothing',
  ({ volume }) =>
    inPrivateHost(async (host) => {
      const root = await mountRoot(host);
      const stack = new Stack(host, {
        name: 'shop',
        images: { box: SMALL_IMAGE },
        volumes: { data: volume },
        containers: { db: { image: 'box', command: IDLE, volumes: ['data:/data'] } },
      });
      const folder = join(host.root, 'volumes/shop/data');
      const volumes = (...words: string[]) => stack.run('volume', ...words);
      const fill = (left: number) =>
        host.run('sh', [
          '-c',
          `head -c $(($(stat -f -c '%a * %S' "$1") - ${left * 1024 ** 2})) /dev/zero >"$1/full"; sync`,
          ...['-', host.root],
        ]);
      const makeRoom = () => host.run('rm', [join(host.root, 'full')]);
      const shown = async () => {
        const { stdout } = await volumes('snapshots', '--json');
        return JSON.parse(stdout).map((each: { tag: string }) => each.tag);
      };
      /** Names of everything but the volume's own data. */
      const names = () => [
        ...readdirSync(root).filter((name) => !/\.csv|\.log|^\.lock/.test(name)),
        ...readdirSync(join(root, 'volumes'), { recursive: true, encoding: 'utf8' }).filter(
          (name) => !name.startsWith('shop/data/'),
        ),
        ...readdirSync(join(root, 'snapshots/shop/data')),
      ];

      await stack.apply();
      await writeTree(host, folder);
      await host.run('sh', ['-c', 'head -c 6000000 /dev/urandom >"$1/more"; sync', '-', folder]);
      const before = await treeOf(host, folder);
      const life = stack.processes('shop.db');
      const fails = async (...words: string[]) => {
        expect(await volumes(...words)).toEqual({
          ...{ code: 1, stdout: '' },
          stderr: expect.stringMatching(FULL),
        });
        // neither the container nor its file system is frozen
        const write = 'echo >/data/a; busybox rm /data/a; busybox sync';
        await stack.done('exec', 'db', '--', 'busybox', 'sh', '-c', write);
        expect(await treeOf(host, folder)).toBe(before);
        expect(stack.processes('shop.db')).toEqual(life);
      };

      await fill(5);
      await fails('snapshot', 'data', 'first');
      expect(existsSync(join(root, 'snapshots'))).toBe(false);
      await makeRoom();
      await stack.done('volume', 'snapshot', 'data', 'first');
      const there = names();

      await fill(5);
      const withFull = [...there, 'full'].sort();
      await fails('snapshot', 'data', 'second');
      expect(await shown()).toEqual(['first']);
      expect(names().sort()).toEqual(withFull);

      const more = ['restore', 'data', 'first', '--as', 'again'];
      await fails(...more);
      expect((await stack.done('volume', 'list', '--quiet')).split('\n')).toEqual(['data', '']);
      expect(names().sort()).toEqual(withFull);

      await stack.done('stop', 'db');
      expect(await volumes('restore', 'data', 'first')).toEqual({
        ...{ code: 1, stdout: '' },
        stderr: expect.stringMatching(FULL),
      });
      expect(await shown()).toEqual(['first']);
      expect(names().sort()).toEqual(withFull);
      expect(await stack.plan()).toContain(NOTHING);
      await stack.done('start', 'db');
      expect(await treeOf(host, folder)).toBe(before);

      await makeRoom();
      await stack.done('volume', ...more);
      expect(await treeOf(host, join(host.root, 'volumes/-/again'))).toBe(before);
      await stack.done('volume', 'rm', 'again');
      await stack.done('stop', 'db');
      await stack.done('volume', 'restore', 'data', 'first');
      await stack.done('start', 'db');
      expect(await treeOf(host, folder)).toBe(before);
      expect(await shown()).toEqual(['first', expect.stringMatching(/^before-restore-/)]);

      await stack.destroy();
      await stack.done('volume', 'snapshots', 'rm', 'data', ...(await shown()));
      expect(readdirSync(root)).toEqual(['destroyed.csv']);
      await host.run('umount', [host.root]);
      await host.run('rmdir', [host.root]);
      expect(existsSync(root)).toBe(false);
    })(),
  300_000,
);
