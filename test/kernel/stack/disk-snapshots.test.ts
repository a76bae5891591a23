import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { NOTHING, Stack } from './stack.js';

/** The volume has the name of the container. */
const file = (more: object = {}) => ({
  name: 'shop',
  images: { box: SMALL_IMAGE },
  volumes: { db: {} },
  containers: { db: { image: 'box', command: IDLE, volumes: ['db:/data'], ...more } },
});

/** A command of `container` on this stack. */
const containers =
  (host: PrivateHost) =>
  (verb: string, ...args: string[]) =>
    host.baleine(['container', ...verb.split(' '), '--stack', 'shop', ...args], { reject: false });

async function inside(stack: Stack, line: string): Promise<string> {
  const { stdout, stderr } = await stack.run('exec', 'db', '--', 'busybox', 'sh', '-c', line);
  return stdout + stderr;
}

async function tags(host: PrivateHost): Promise<string[]> {
  const { stdout } = await host.baleine(['container', 'snapshots', 'db', '--json']);
  return JSON.parse(stdout).map((each: { tag: string }) => each.tag);
}

it(
  'takes a snapshot of a disk while it is written to, and restores it into a running and a stopped container',
  inPrivateHost(async (host) => {
    const container = containers(host);
    const hooks = {
      pre_snapshot: [{ command: ['busybox', 'sh', '-c', 'echo before >>/log'] }],
      post_snapshot: [{ command: ['busybox', 'sh', '-c', 'echo after >>/log'] }],
    };
    const stack = new Stack(host, file(hooks));
    await stack.apply();
    await inside(stack, 'echo one >/file; echo kept >/data/file');
    const life = stack.processes('shop.db');
    const taken = await container('snapshot', 'db', 'first');
    expect(taken).toMatchObject({ code: 0, stderr: '' });
    expect(taken.stdout).toMatch(/^container\.db: snapshot first: \d/);
    expect(stack.processes('shop.db')).toEqual(life);
    expect(await inside(stack, 'busybox cat /log; echo two >/file')).toBe('before\nafter\n');

    expect((await container('snapshot', 'db', 'first')).stderr).toContain('has a snapshot first');
    expect((await container('snapshot', 'db', '../x')).stderr).toContain('"../x" is no tag');
    expect((await container('restore', 'db', '--disk')).stderr).toContain('missing argument');
    expect((await container('restore', 'db', 'first')).stderr).toContain('use --disk');
    expect((await container('restore', 'db', 'none', '--disk')).stderr).toContain(
      'cannot restore snapshot none of container db: there is none',
    );
    expect((await container('snapshots rm', '../db', 'first')).stderr).toContain('there is none');
    expect((await host.baleine(['volume', 'snapshots', '--json'])).stdout).toBe('[]\n');
    await host.baleine(['volume', 'snapshot', 'db', 'other']);
    expect(await tags(host)).toEqual(['first']);

    const restored = await container('restore', 'db', 'first', '--disk');
    expect(restored).toMatchObject({ code: 0, stderr: '' });
    expect(restored.stdout).toMatch(
      /^container\.db: its disk is restored from first; what it was is its snapshot before-restore-/,
    );
    expect(stack.processes('shop.db')).not.toEqual(life);
    expect(await inside(stack, 'busybox cat /file /data/file /log')).toBe('one\nkept\nbefore\n');
    expect(await stack.plan()).toBe(NOTHING);

    const [, former = ''] = await tags(host);
    await stack.done('stop', 'db');
    expect(await container('restore', 'db', former, '--disk')).toMatchObject({ code: 0 });
    expect(await stack.plan()).toBe(NOTHING);
    await stack.done('start', 'db');
    expect(await inside(stack, 'busybox cat /file')).toBe('two\n');

    // snapshots outlive their container
    const destroyed = await stack.destroy();
    const of = (kind: string) => `until: baleine ${kind} snapshots rm --stack shop db TAG`;
    expect(destroyed).toContain(`container.db has 3 snapshots, which stay ${of('container')}`);
    expect(destroyed).toContain(`volume.db has 1 snapshot, which stays ${of('volume')}`);
    const left = await tags(host);
    expect(left).toEqual(['first', former, expect.stringMatching(/^before-restore-/)]);
    expect(await container('snapshots rm', 'db', ...left)).toMatchObject({ code: 0 });
    await host.baleine(['volume', 'snapshots', 'rm', 'db', 'other']);
    expect(existsSync(join(host.root, 'snapshots'))).toBe(false);
  }),
);

it(
  'keeps the disks of replaced containers, the last two, without a copy',
  inPrivateHost(async (host) => {
    const on = (version: string) =>
      file({ snapshot_on_change: { keep: 2 }, environment: { VERSION: version } });
    const stack = new Stack(host, on('one'));
    await stack.apply();
    for (const version of ['two', 'three', 'four']) {
      await inside(stack, 'echo $VERSION >/file');
      stack.write(on(version));
      expect(await stack.plan()).toContain('its disk is kept as a snapshot');
      const { stdout, stderr } = await stack.run('apply', '-y');
      expect(stdout + stderr).toContain('disk is snapshot before-change-');
      expect(await inside(stack, 'busybox ls /')).not.toMatch(/^file$/m);
      expect(await stack.plan()).toBe(NOTHING);
    }
    const [two = '', three = '', ...others] = await tags(host);
    expect(others).toEqual([]);
    for (const [tag, text] of [
      [two, 'two\n'],
      [three, 'three\n'],
    ] as const) {
      expect(await containers(host)('restore', 'db', tag, '--disk')).toMatchObject({ code: 0 });
      expect(await inside(stack, 'busybox cat /file')).toBe(text);
    }
    await stack.destroy();
    await containers(host)('snapshots rm', 'db', ...(await tags(host)));
  }),
);

it(
  'go along when an imperative container is renamed',
  inPrivateHost(async (host) => {
    const container = (...args: string[]) => host.baleine(['container', ...args]);
    await host.baleine(['image', 'create', 'box', '--size', '8M', '--from-host', '/bin/busybox']);
    await container('create', 'old', '--image', 'box', '--', 'busybox', 'true');
    await container('snapshot', 'old', 'first');
    await container('rename', 'old', 'new');
    await container('restore', 'new', 'first', '--disk');
    const { stdout } = await container('snapshots', '--json');
    const listed = JSON.parse(stdout) as { container: string; stack: string; tag: string }[];
    const [first, former = { tag: '' }] = listed;
    expect(first).toMatchObject({ container: 'new', stack: '-', tag: 'first' });
    expect(former).toMatchObject({ container: 'new', tag: expect.stringMatching(/^before-res/) });
    await container('rm', 'new');
    await container('snapshots', 'rm', 'new', 'first', former.tag);
    await host.baleine(['image', 'rm', 'box']);
  }),
);
