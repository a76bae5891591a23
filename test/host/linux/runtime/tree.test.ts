import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytePath } from '../../../../src/host/linux/files/open-folder.js';
import {
  readInRootfs,
  resolveInRootfs,
  resolveInTree,
} from '../../../../src/host/linux/rootfs/resolve.js';
import {
  checkTargets,
  checkTree,
  checkWorkingDir,
} from '../../../../src/host/linux/runtime/disk-checks.js';
import { resolveUser } from '../../../../src/host/linux/runtime/users.js';

let base: string;
let tree: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'tree-'));
  tree = join(base, 'tree');
  mkdirSync(join(tree, 'etc'), { recursive: true });
  writeFileSync(join(base, 'secret'), 'secret');
});
afterEach(() => rmSync(base, { recursive: true }));

const link = (name: string, target: string) => symlinkSync(target, join(tree, name));

describe('resolveInRootfs', () => {
  it('follows links as the container would, never outside', () => {
    link('a', '/b/../c');
    link('up', '../../../../secret');
    link('loop', 'loop');
    expect(resolveInRootfs(tree, '/a/x/../y')).toBe('/c/y');
    expect(resolveInRootfs(tree, '/up')).toBe('/secret');
    expect(resolveInRootfs(tree, '/../../etc')).toBe('/etc');
    expect(() => resolveInRootfs(tree, '/loop')).toThrow(/too many links/);
  });

  it('keeps names that no file can have or that are not there', () => {
    const long = 'x'.repeat(300);
    expect(resolveInRootfs(tree, `/none/${long}/../y`)).toBe('/none/y');
    expect(resolveInRootfs('/proc/self/root', '/none')).toBe('/none');
  });

  it('stops a link of /proc at the root, and refuses it where `..` is not meant', () => {
    link('magic', '/proc/self/cwd');
    link('above', '../..');
    expect(resolveInRootfs('/', '/proc/self/cwd')).toBe(process.cwd());
    expect(resolveInRootfs(tree, '/magic')).toBe('/proc/self/cwd');
    expect(resolveInRootfs(tree, '/above')).toBe('/');
    expect(() => resolveInTree(bytePath(tree), bytePath('/above'))).toThrow(
      /leads out of the tree/,
    );
  });

  it('resolves through mounts', () => {
    mkdirSync(join(base, 'volume'));
    symlinkSync('/proc/self/fd/7', join(base, 'volume/evil'));
    const mounts = [{ source: join(base, 'volume'), target: '/data/', read_only: false }];
    expect(resolveInRootfs(tree, '/data/evil', mounts)).toBe('/proc/self/fd/7');
  });
});

describe('checkWorkingDir', () => {
  it('accepts folders on the disk, existing or not', () => {
    expect(() => checkWorkingDir(tree, '/')).not.toThrow();
    expect(() => checkWorkingDir(tree, '/new/folder')).not.toThrow();
    expect(() => checkWorkingDir(tree, '/processes')).not.toThrow();
  });

  it.each([
    '/proc/self/fd/7',
    '/proc',
    '/dev/fd/7',
    '/x/../proc/1/root',
    '/etc/out',
    'relative',
    '',
  ])('refuses %s', (path) => {
    link('etc/out', '/proc/self/cwd');
    expect(() => checkWorkingDir(tree, path)).toThrow(/cannot use working_dir/);
  });
});

describe('checkTree', () => {
  it('accepts folders and missing paths', () => {
    mkdirSync(join(tree, 'dev'));
    expect(() => checkTree(tree)).not.toThrow();
  });

  it.each(['dev', 'proc', 'sys'])('refuses a /%s that is a link or a file', (name) => {
    link(name, base);
    expect(() => checkTree(tree)).toThrow(`its /${name} is not a folder`);
    rmSync(join(tree, name));
    writeFileSync(join(tree, name), '');
    expect(() => checkTree(tree)).toThrow(`its /${name} is not a folder`);
  });
});

describe('readInside', () => {
  it('reads files of the tree only', () => {
    writeFileSync(join(tree, 'etc/a'), 'a');
    link('b', '/etc/a');
    link('out', join(base, 'secret'));
    link('up', '../secret');
    expect(readInRootfs(tree, '/b')).toBe('a');
    expect(readInRootfs(tree, '/out')).toBeUndefined();
    expect(readInRootfs(tree, '/up')).toBeUndefined();
    expect(readInRootfs(tree, '/etc')).toBeUndefined();
    expect(readInRootfs(tree, '/none')).toBeUndefined();
  });
});

describe('resolveUser', () => {
  beforeEach(() => {
    writeFileSync(
      join(tree, 'etc/passwd'),
      'root:x:0:0::/root:\nbad line\nweb:x:1000:1001::/srv:\nodd:x:-1:99999999999::/:\n',
    );
    writeFileSync(
      join(tree, 'etc/group'),
      'web:x:1001:\nlogs:x:50:root,web\nweb2:x:50:web\nadm:x:4:web\n',
    );
  });

  it.each([
    ['web', { uid: 1000, gid: 1001, additionalGids: [4, 50, 1001], home: '/srv' }],
    ['1000', { uid: 1000, gid: 1001, additionalGids: [4, 50, 1001], home: '/srv' }],
    ['0:0', { uid: 0, gid: 0, additionalGids: [0], home: '/root' }],
    ['web:logs', { uid: 1000, gid: 50, additionalGids: [50], home: '/srv' }],
    ['4711', { uid: 4711, gid: 0, additionalGids: [0], home: '/' }],
    ['web:', { uid: 1000, gid: 1001, additionalGids: [4, 50, 1001], home: '/srv' }],
    ['1000:', { uid: 1000, gid: 1001, additionalGids: [4, 50, 1001], home: '/srv' }],
    [':44', { uid: 0, gid: 44, additionalGids: [44], home: '/root' }],
    [':logs', { uid: 0, gid: 50, additionalGids: [50], home: '/root' }],
    ['', { uid: 0, gid: 0, additionalGids: [0, 50], home: '/root' }],
    ['4711:4712', { uid: 4711, gid: 4712, additionalGids: [4712], home: '/' }],
  ])('finds %s', (text, user) => {
    expect(resolveUser(tree, text)).toEqual(user);
  });

  it.each(['nobody', 'web:nogroup', ':nogroup', '4294967295', 'odd', '-1'])(
    'does not find %s',
    (text) => {
      expect(() => resolveUser(tree, text)).toThrow(/cannot run as user/);
    },
  );

  it('reads no passwd outside the tree', () => {
    rmSync(join(tree, 'etc/passwd'));
    link('etc/passwd', join(base, 'secret'));
    writeFileSync(join(base, 'secret'), 'root:x:0:0::/root:\n');
    expect(() => resolveUser(tree, 'root')).toThrow(/no user root/);
  });
});

describe('checkTargets', () => {
  const volume = (target: string, source = base) => ({ source, target, read_only: false });
  const check = (targets: string[], more: { tmpfs?: string[] } = {}) =>
    checkTargets(tree, { mounts: targets.map((each) => volume(each)), ...more });

  it.each([
    ['data', '/proc'],
    ['data', '../../sys/kernel'],
    ['data', '/'],
    ['data', 'hop'],
    ['data', '/dev/pts'],
  ])('refuses a volume on a link /%s to %s', (name, target) => {
    link(name, target);
    symlinkSync('/proc', join(tree, 'hop'));
    expect(() => check([`/${name}`])).toThrow(`cannot mount anything on /${name}: it leads to /`);
    expect(() => check([], { tmpfs: [`/${name}:size=1m`] })).toThrow('it leads to /');
    if (target === '/') return;
    expect(() => check([`/${name}/below/../x`])).toThrow('it leads to /');
  });

  it('refuses paths that lead there through a volume, also for our own files', () => {
    symlinkSync('/proc/sys', join(base, 'evil'));
    expect(() => check(['/a', '/a/evil/net'])).toThrow('/a/evil/net: it leads to /proc/sys/net');
    rmSync(join(tree, 'etc'), { recursive: true });
    link('etc', '/proc');
    expect(() => check([])).toThrow('cannot mount anything on /etc/hosts: it leads to /proc/hosts');
  });

  it('accepts links to other places, and missing paths', () => {
    link('data', 'srv/data');
    link('etc/resolv.conf', '../run/resolve/stub.conf');
    link('shm', '/dev/shm');
    expect(() => check(['/data', '/data/x', '/new'], { tmpfs: ['/shm', '/run'] })).not.toThrow();
  });

  it('refuses a folder on a file, and a file on a folder', () => {
    writeFileSync(join(tree, 'file'), '');
    expect(() => check(['/file'])).toThrow(
      'cannot mount a folder on /file: in the image it is no folder',
    );
    const secret = volume('/etc', join(base, 'secret'));
    expect(() => checkTargets(tree, { mounts: [secret] })).toThrow('cannot mount a file on /etc');
    mkdirSync(join(tree, 'etc/hosts'));
    expect(() => check([])).toThrow('cannot mount a file on /etc/hosts');
  });
});
