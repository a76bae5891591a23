import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  bridgeLink,
  diskFile,
  imageFile,
  installPaths,
  netnsName,
  rootfsDir,
} from '../../../src/model/install-paths.js';
import { difference } from '../../support/leaks.js';
import { inPrivateHost } from '../../support/private-host.js';
import { headings, PAIR, Stack } from './stack.js';

/** Expected changes: the root's own files, the disk of a running server, and the cache of a file. */
const MOVED =
  /\/root(\/([a-z]+|[a-z]+\.csv(\.bak)?|events\.log|disks\/other\.c\.img))? \(|\/config\/\w+\.json /;

it(
  'leaves no loop, mount, namespace, link, cgroup, state, process or file behind',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    const before = await host.snapshot();
    await stack.apply();
    const kinds = difference(before, await host.snapshot()).map((line) => line.split(' ')[1]);
    expect([...new Set(kinds)].sort()).toEqual([
      ...['cgroup', 'file', 'link', 'loop', 'mount', 'netns', 'process', 'state'],
    ]);

    expect(await stack.destroy()).toContain('Destroy complete! Resources: 5 destroyed.\n');
    await expect.poll(() => stack.changes(before)).toEqual([]);
    expect(await stack.run('destroy', '-y', '--quiet')).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  }),
);

it(
  'needs no file when the stack is named',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    await stack.apply();
    const nowhere = join(host.dir, 'none.yaml');

    const lost = await host.baleine(['-f', nowhere, 'destroy', '-y'], { reject: false });
    expect(lost.code).toBe(1);
    expect(lost.stderr).toContain(nowhere);
    expect(stack.pids('pair.a')).not.toEqual([]);
    await host.baleine(['-f', nowhere, 'destroy', '--stack', 'pair', '-y', '--volumes']);
    expect(await host.leaks()).toEqual([]);
  }),
);

it(
  'leaves another stack on the same root alone',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    const bridges = { back: { subnet: '10.77.2.0/24' } };
    const containers = {
      c: { image: 'box', command: PAIR.containers.a.command, stop_signal: 'SIGKILL' },
    };
    const other = new Stack(
      host,
      { name: 'other', images: PAIR.images, bridges, containers },
      'other.yaml',
    );
    await other.apply();
    const before = await host.snapshot();
    const process = other.processes('other.c');
    await stack.apply();

    await stack.destroy();
    expect(other.processes('other.c')).toEqual(process);
    const left = difference(before, await host.snapshot());
    expect(left.filter((line) => !MOVED.test(line))).toEqual([]);
    await other.destroy();
  }),
);

it(
  'destroys an unfinished stack',
  inPrivateHost(async (host) => {
    const run = ['/bin/busybox false'];
    const bad = { from: { image: 'box' }, run };
    const containers = { ...PAIR.containers, c: { image: 'bad', command: ['busybox'] } };
    const stack = new Stack(host, { ...PAIR, images: { ...PAIR.images, bad }, containers });

    const ran = await stack.run('apply', '-y');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('image.bad');
    expect(ran.stderr).toMatch(/container\.c.*image\.bad failed/);
    await stack.answers('10.77.1.11', ['a']);
    await stack.destroy();
  }),
);

it(
  'continues over resources that were already removed',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    const paths = installPaths(host.root);
    await stack.apply();

    await stack.kill('pair.a');
    await host.run('ip', ['link', 'delete', bridgeLink(paths, 'pair', 'front')]);
    await host.run('ip', ['netns', 'delete', netnsName(paths, 'pair.b')]);
    await host.run('umount', ['--lazy', rootfsDir(paths, 'pair.b')]);
    await host.run('rm', [diskFile(paths, 'pair.a'), imageFile(paths, 'pair.box')]);
    await stack.destroy();
  }),
);

it(
  'reports what it cannot remove, removes the rest, and finishes later',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    await stack.apply();
    const disk = diskFile(installPaths(host.root), 'pair.a');
    await host.run('chattr', ['+i', disk]);

    const ran = await stack.run('destroy', '-y');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(disk);
    expect(stack.pids('pair.a')).toEqual([]);
    expect(stack.pids('pair.b')).toEqual([]);
    await host.run('chattr', ['-i', disk]);
    await stack.destroy();
  }),
);

it(
  'leaves protected resources running, with what they need, and names them',
  inPrivateHost(async (host) => {
    const b = { ...PAIR.containers.b, protect: true };
    const stack = new Stack(host, { ...PAIR, containers: { ...PAIR.containers, b } });
    await stack.apply();
    const running = stack.processes('pair.b');

    const text = await stack.destroy();
    expect(text).toContain(`Left as it is:
  container.b is protected and stays; set protect: false and apply, then it can go
  image.box stays: container.b needs it
  bridge.front stays: container.b needs it
`);
    expect(stack.processes('pair.b')).toEqual(running);
    expect(stack.groups('pair.a')).toEqual([]);
    expect(await host.http('http://10.77.1.12/')).toBe('b\n');
    // a second time, there is nothing to do
    await stack.destroy();
    expect(stack.processes('pair.b')).toEqual(running);

    stack.write(PAIR);
    expect(headings(await stack.plan())).toContain(
      'container.b will be updated in-place (protect true → false)',
    );
    await stack.apply();
    await stack.destroy();
  }),
);

it(
  'keeps what users put below the root',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    await stack.apply();
    const note = join(host.root, 'note.txt');
    writeFileSync(note, 'mine\n');

    await stack.destroy();
    await host.run('grep', ['mine', note]);
    await host.run('rm', [note]);
  }),
);
