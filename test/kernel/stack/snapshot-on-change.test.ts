import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { SMALL_IMAGE } from '../../support/small-image.js';
import { NOTHING, Stack } from './stack.js';

/** Writes its version into the volume when it starts, as a program that migrates its data. */
const db = (version: string, volume: object) => {
  const line = `echo ${version} >/data/file; trap "exit 0" TERM; busybox sleep 3600 & wait`;
  return {
    name: 'shop',
    images: { box: SMALL_IMAGE },
    volumes: { data: { ...volume, snapshot_on_change: { keep: 2 } } },
    containers: {
      db: { image: 'box', command: ['busybox', 'sh', '-c', line], volumes: ['data:/data'] },
    },
  };
};

it.each([
  { form: 'a folder', volume: {} },
  { form: 'a file system', volume: { size: '16M' } },
])('has what a volume that is $form was before each change, of the last two', ({ volume }) =>
  inPrivateHost(async (host) => {
    const stack = new Stack(host, db('one', volume));
    const tags = async (): Promise<string[]> => {
      const { stdout } = await host.baleine(['volume', 'snapshots', '--json']);
      return JSON.parse(stdout).map((each: { tag: string }) => each.tag);
    };
    const file = join(host.root, 'volumes/shop/data/file');
    const written = async (version: string) => {
      const read = async () => (await host.run('cat', [file], { reject: false })).stdout;
      await expect.poll(read, { timeout: 120_000 }).toBe(`${version}\n`);
    };
    await stack.apply();
    await written('one');
    const life = stack.processes('shop.db');

    // a file in the place of the folder of snapshots
    writeFileSync(join(host.root, 'snapshots'), '');
    stack.write(db('two', volume));
    const failed = await stack.run('apply', '-y');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('volume.data: cannot take a snapshot before the change: ');
    expect(failed.stderr).toContain('Nothing that mounts it was replaced.');
    expect(stack.processes('shop.db')).toEqual(life);
    rmSync(join(host.root, 'snapshots'));

    await host.baleine(['volume', 'snapshot', 'data', 'mine']);
    for (const version of ['two', 'three', 'four']) {
      stack.write(db(version, volume));
      expect(await stack.plan()).toContain('snapshot of volume.data first');
      const { stdout, stderr } = await stack.run('apply', '-y');
      expect(stdout + stderr).toMatch(
        /volume\.data: (refreshed|updated) \(.*snapshot before-change-/,
      );
      await written(version);
      expect(await stack.plan()).toBe(NOTHING);
    }
    const [mine, two = '', three = '', ...others] = await tags();
    expect([mine, others]).toEqual(['mine', []]);
    for (const [tag, version] of [
      [two, 'two'],
      [three, 'three'],
    ] as const) {
      expect(tag).toMatch(/^before-change-\d{8}-\d{6}/);
      await host.baleine(['volume', 'restore', 'data', tag, '--as', 'then']);
      await host.baleine(['volume', 'cp', 'then:/file', join(host.dir, version)]);
      expect(readFileSync(join(host.dir, version), 'utf8')).toBe(`${version}\n`);
      await host.baleine(['volume', 'rm', 'then']);
    }
    const refused = await host.baleine(['volume', 'snapshot', 'data', 'before-change-x'], {
      reject: false,
    });
    expect(refused.stderr).toContain(
      'tags that begin with before-change- are those of snapshot_on_change',
    );
    await stack.destroy();
    await host.baleine(['volume', 'snapshots', 'rm', 'data', ...(await tags())]);
  })(),
);
