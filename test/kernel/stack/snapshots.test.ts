import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TABLES } from '../../../src/app/context.js';
import type { DueFacts } from '../../../src/model/due.js';
import { installPaths } from '../../../src/model/install-paths.js';
import type { Row } from '../../../src/model/resource.js';
import { openStore } from '../../../src/state/store.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { NOTHING, Stack } from './stack.js';

const FORMS = [
  { form: 'a folder', volume: {} },
  { form: 'a file system', volume: { size: '16M' } },
];

const db = (volume: object, more: object = {}) => ({
  name: 'shop',
  images: { box: SMALL_IMAGE },
  volumes: { data: volume },
  containers: { db: { image: 'box', command: IDLE, volumes: ['data:/data'], ...more } },
});

const snapshots = (host: PrivateHost) => join(host.root, 'snapshots/shop/data');

async function inside(stack: Stack, line: string): Promise<string> {
  const { stdout, stderr } = await stack.run('exec', 'db', '--', 'busybox', 'sh', '-c', line);
  return stdout + stderr;
}

async function listed(stack: Stack) {
  const { stdout } = await stack.host.baleine(['volume', 'snapshots', '--json']);
  return JSON.parse(stdout) as { volume: string; stack: string; tag: string; size?: number }[];
}

const tags = async (stack: Stack) => (await listed(stack)).map(({ tag }) => tag);

const LOOK =
  'cd /data; busybox find . -exec busybox stat -c "%n %a %u:%g %F %h %Y" {} + | busybox sort; busybox cat a/file';

describe.each(FORMS)('a snapshot of $form', ({ volume }) => {
  it(
    'is taken while its container runs, restored in place and as a new volume, and loses nothing',
    inPrivateHost(async (host) => {
      const stack = new Stack(host, db(volume));
      const volumes = (...args: string[]) => host.baleine(['volume', ...args], { reject: false });
      await stack.apply();
      const make = [
        'cd /data; busybox mkdir a; echo one >a/file; busybox ln a/file hard; busybox ln -s a link',
        'busybox chown -R 7:8 a; busybox chmod 1750 a; busybox mkfifo pipe',
      ].join('; ');
      expect(await inside(stack, make)).toBe('');
      const before = await inside(stack, LOOK);
      const life = stack.processes('shop.db');

      const taken = await volumes('snapshot', 'data', 'first');
      expect(taken).toMatchObject({ code: 0, stderr: '' });
      expect(taken.stdout).toMatch(/^volume\.data: snapshot first: \d.*; writes waited \d/);
      expect(stack.processes('shop.db')).toEqual(life);
      expect(await inside(stack, 'echo two >/data/a/file; busybox rm /data/hard')).toBe('');
      expect((await volumes('snapshot', 'data', 'first')).stderr).toContain(
        'it has a snapshot first',
      );
      expect((await volumes('snapshot', 'data', '../x')).stderr).toContain('"../x" is no tag');
      expect((await volumes('snapshot', 'data', 'auto-mine')).stderr).toContain(
        'tags that begin with auto- are those of schedules',
      );
      expect(await listed(stack)).toMatchObject([{ volume: 'data', stack: 'shop', tag: 'first' }]);

      const running = await volumes('restore', 'data', 'first');
      expect(running.code).toBe(1);
      expect(running.stderr).toContain('cannot restore volume data: db runs and mounts it');
      await stack.done('stop', 'db');
      const restored = await volumes('restore', 'data', 'first');
      expect(restored).toMatchObject({ code: 0, stderr: '' });
      expect(restored.stdout).toMatch(/what it was is its snapshot before-restore-/);
      await stack.done('start', 'db');
      expect(await inside(stack, LOOK)).toBe(before);
      expect(await stack.plan()).toBe(NOTHING);

      // what it was before the restore
      const [, former = ''] = await tags(stack);
      expect(await volumes('restore', 'data', former, '--as', 'later')).toMatchObject({ code: 0 });
      const copied = await volumes('cp', 'later:/a/file', join(host.dir, 'copy'));
      expect(copied).toMatchObject({ code: 0, stderr: '' });
      expect((await host.run('cat', [join(host.dir, 'copy')])).stdout).toBe('two\n');
      expect((await volumes('restore', 'data', 'none')).stderr).toContain(
        'cannot restore snapshot none of volume data: there is none',
      );

      // snapshots outlive their volume
      expect(await volumes('rm', 'later')).toMatchObject({ code: 0 });
      await stack.destroy();
      expect(await tags(stack)).toEqual(['first', former]);
      expect(await volumes('restore', 'data', 'first', '--as', 'again')).toMatchObject({ code: 0 });
      expect(await volumes('snapshots', 'rm', 'data', 'first', former)).toMatchObject({ code: 0 });
      expect(await tags(stack)).toEqual([]);
      expect(existsSync(snapshots(host))).toBe(false);
      expect(await volumes('rm', 'again')).toMatchObject({ code: 0 });
    }),
  );

  it(
    'is taken by schedule, as many as are kept, and an apply with nothing else to do takes it',
    inPrivateHost(async (host) => {
      const snapshots = { schedule: '0 0 1 1 *', keep: { last: 2 } };
      const stack = new Stack(host, db({ ...volume, snapshots }));
      await stack.apply();
      await inside(stack, 'echo one >/data/file');
      await host.baleine(['volume', 'snapshot', 'data', 'mine']);
      await stack.fillCaches();
      expect(await tags(stack)).toEqual(['mine']);
      for (let count = 0; count < 3; count += 1) {
        await makeDue(stack);
        expect(await stack.run('apply', '-y', '--quiet')).toEqual(SILENT);
        await stack.apply('--quiet');
      }
      const found = await tags(stack);
      await stack.destroy();
      await host.baleine(['volume', 'snapshots', 'rm', 'data', ...found]);
      expect(found.map((tag) => tag.replace(/\d+-\d+(-\d)?$/, ''))).toEqual([
        'mine',
        'auto-',
        'auto-',
      ]);
    }),
  );
});

it(
  'the commands of a container run around a snapshot, also of one that fails',
  inPrivateHost(async (host) => {
    const hooks = {
      pre_snapshot: [{ command: ['busybox', 'sh', '-c', 'echo before >>/tmp/log'] }],
      post_snapshot: [{ command: ['busybox', 'sh', '-c', 'echo after >>/tmp/log'] }],
    };
    const stack = new Stack(host, db({ size: '16M' }, hooks));
    await stack.apply();
    await host.baleine(['volume', 'snapshot', 'data']);
    expect(await inside(stack, 'busybox cat /tmp/log')).toBe('before\nafter\n');
    // a file in the place of the folder of snapshots
    await host.run('rm', ['-r', join(host.root, 'snapshots')]);
    writeFileSync(join(host.root, 'snapshots'), '');
    const failed = await host.baleine(['volume', 'snapshot', 'data'], { reject: false });
    expect(failed.code).toBe(1);
    expect(await inside(stack, 'busybox cat /tmp/log')).toBe('before\nafter\nbefore\nafter\n');
    expect(await inside(stack, 'echo more >/data/file')).toBe('');
    await host.run('rm', [join(host.root, 'snapshots')]);
    stack.write(db({ size: '16M' }, { pre_snapshot: [{ command: ['busybox', 'false'] }] }));
    await stack.apply();
    const refused = await host.baleine(['volume', 'snapshot', 'data'], { reject: false });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(
      'cannot run pre_snapshot of shop.db: busybox false: exit code 1',
    );
    expect(existsSync(join(host.root, 'snapshots'))).toBe(false);
    await stack.destroy();
  }),
);

const SILENT = { code: 0, stdout: '', stderr: '' };

/** As if the host had been off at the time of the next snapshot. */
async function makeDue(stack: Stack): Promise<void> {
  const store = openStore(installPaths(stack.host.root), TABLES);
  const row = store.find('volume', 'shop', 'data') as Row<unknown, DueFacts>;
  const next = Date.now() - 1000;
  const { snapshot } = row.facts.due ?? {};
  if (!snapshot) throw new Error('it has no next time');
  const due = { snapshot: { ...snapshot, next, since: next - 1000 } };
  await store.put({ ...row, facts: { ...row.facts, due } });
}
