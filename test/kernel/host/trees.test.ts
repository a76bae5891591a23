import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linuxDisks } from '../../../src/host/linux/disks/index.js';
import { linuxRootfs } from '../../../src/host/linux/rootfs/index.js';
import { librariesOf } from '../../../src/host/linux/rootfs/libraries.js';
import { sandboxed } from '../../../src/host/linux/rootfs/sandboxed-exec.js';
import { installPaths } from '../../../src/model/install-paths.js';
import { difference, type Snapshot, snapshot } from '../../support/leaks.js';
import { type Member, tarOf, writeTar } from './archives.js';
import { debianArchive } from './debian-archive.js';

const trees = linuxRootfs(installPaths('/var/lib/baleine'));
let dir: string;
let tree: string;
let victim: string;
let temporary: string[];
let before: Snapshot;
const at = (...names: string[]) => join(dir, ...names);
const inTree = (...names: string[]) => join(tree, ...names);
const modeOf = (path: string) => (lstatSync(path).mode & 0o7777).toString(8);
const ownerOf = (path: string) => `${lstatSync(path).uid}:${lstatSync(path).gid}`;
const ours = () => readdirSync(tmpdir()).filter((name) => name.startsWith('mmdebstrap.'));

/** Names, sizes and times of everything outside the tree. */
function outside(): string {
  return execFileSync(
    'find',
    [dir, '-path', tree, '-prune', '-o', '-printf', '%p %m %U:%G %n %s %T@ %l\n'],
    { encoding: 'utf8' },
  );
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'trees-'));
  [tree, victim] = [at('deep/er/tree'), at('victim')];
  mkdirSync(tree, { recursive: true });
  mkdirSync(victim);
  writeFileSync(join(victim, 'precious'), 'mine');
  temporary = ours();
  before = await snapshot({ root: at('none') });
});

afterEach(async () => {
  const left = difference(before, await snapshot({ root: at('none') }));
  rmSync(dir, { recursive: true });
  expect([...left, ...ours().filter((name) => !temporary.includes(name))]).toEqual([]);
});

describe('extract', () => {
  const plain: Member[] = [
    { name: './', type: '5', mode: 0o755 },
    { name: './etc/', type: '5', mode: 0o750, uid: 4, gid: 5 },
    { name: './etc/file', text: 'hello', mode: 0o4711, uid: 6, gid: 7 },
    { name: './etc/same', type: '1', link: './etc/file' },
    { name: './bin', type: '2', link: 'usr/bin' },
  ];

  it('keeps owners, modes and links', async () => {
    await trees.extract(writeTar(at('a.tar'), plain), tree);
    expect([modeOf(inTree('etc')), ownerOf(inTree('etc'))]).toEqual(['750', '4:5']);
    expect([modeOf(inTree('etc/file')), ownerOf(inTree('etc/file'))]).toEqual(['4711', '6:7']);
    expect(lstatSync(inTree('etc/same')).ino).toBe(lstatSync(inTree('etc/file')).ino);
    expect(readlinkSync(inTree('bin'))).toBe('usr/bin');
  });

  it.each(['gzip', 'bzip2', 'xz', 'zstd', 'cat'])(
    'unpacks %s regardless of its name',
    async (by) => {
      const name = by === 'gzip' ? 'a.tar.zst' : 'host:a.tar.gz';
      writeFileSync(at(name), execFileSync(by, [], { input: tarOf(plain) }));
      await trees.extract(at(name), tree);
      expect(readFileSync(inTree('etc/file'), 'utf8')).toBe('hello');
    },
  );

  const evil = (name: string): Member => ({ name, text: 'evil' });
  it.each<[string, (victim: string) => Member[]]>([
    ['names with ..', () => [evil('../../../victim/precious')]],
    ['.. in the middle', () => [{ name: 'a', type: '5' }, evil('a/../../../../victim/new')]],
    ['absolute names', (v) => [evil(`${v}/precious`)]],
    [
      'an absolute link, then a file through it',
      (v) => [{ name: 'l', type: '2', link: v }, evil('l/precious')],
    ],
    [
      'a relative link out, then a file through it',
      () => [{ name: 'l', type: '2', link: '../../../victim' }, evil('l/precious')],
    ],
    [
      'links in a chain',
      (v) => [
        { name: 'a', type: '2', link: 'b' },
        { name: 'b', type: '2', link: v },
        evil('a/precious'),
      ],
    ],
    [
      'a link to a file, then that file',
      (v) => [{ name: 'l', type: '2', link: `${v}/precious` }, evil('l')],
    ],
    [
      'a link in place of a folder',
      (v) => [{ name: 'd', type: '5' }, { name: 'd', type: '2', link: v }, evil('d/precious')],
    ],
    ['a hard link out', (v) => [{ name: 'h', type: '1', link: `${v}/precious` }, evil('h')]],
    [
      'a hard link out by ..',
      () => [{ name: 'h', type: '1', link: '../../../victim/precious' }, evil('h')],
    ],
    [
      'a hard link through a link',
      (v) => [
        { name: 'l', type: '2', link: v },
        { name: 'h', type: '1', link: 'l/precious' },
        evil('h'),
      ],
    ],
    [
      'a folder through a link, with a mode',
      (v) => [
        { name: 'l', type: '2', link: v },
        { name: 'l/', type: '5', mode: 0o777, uid: 9 },
      ],
    ],
  ])('leaves the host alone for %s', async (_name, members) => {
    const archive = writeTar(at('a.tar'), [evil('first'), ...members(victim)]);
    const untouched = outside();
    await trees.extract(archive, tree).catch(() => undefined);
    expect(outside()).toBe(untouched);
    expect(readFileSync(join(victim, 'precious'), 'utf8')).toBe('mine');
    expect(existsSync(inTree('first'))).toBe(true);
  });

  it('leaves device nodes out', async () => {
    const members: Member[] = [
      { name: 'kept', text: 'x' },
      { name: 'sda', type: '4' },
      { name: 'mem', type: '3' },
    ];
    await trees.extract(writeTar(at('a.tar'), members), tree);
    expect(readdirSync(tree)).toEqual(['kept']);
  });

  it('rejects damaged archives', async () => {
    const big = tarOf([{ name: 'a', text: 'x'.repeat(100_000) }]);
    const packed = execFileSync('gzip', ['-1'], { input: Buffer.concat([big, big]) });
    const damaged: [string, Buffer, RegExp][] = [
      ['cut', big.subarray(0, 50_000), /Unexpected EOF/],
      ['cut-gz', packed.subarray(0, packed.length / 2), /unexpected end of file/],
      ['noise', Buffer.alloc(4096, 'noise'), /not look like a tar archive/],
      ['empty', Buffer.alloc(0), /not look like a tar archive/],
      ['nothing', tarOf([]), /it holds no files/],
    ];
    for (const [name, bytes, why] of damaged) {
      writeFileSync(at(name), bytes);
      await expect(trees.extract(at(name), tree), name).rejects.toThrow(why);
      rmSync(tree, { recursive: true });
      mkdirSync(tree);
    }
    await expect(trees.extract(at('gone.tar'), tree)).rejects.toThrow(/no such file/);
  });

  it('stops a bomb at the size of the image, which then never appears', async () => {
    const bomb = execFileSync('sh', ['-c', 'head -c 64M /dev/zero | gzip -9']);
    const header = tarOf([{ name: 'bomb', text: '' }]).subarray(0, 512);
    header.write('00400000000\0', 124, 'latin1');
    header.write('        ', 148, 'latin1');
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0`, 148, 'latin1');
    // concatenated gzip members are one stream (RFC 1952, section 2.2)
    writeFileSync(at('bomb.tar'), Buffer.concat([execFileSync('gzip', { input: header }), bomb]));
    const made = linuxDisks().create(at('a.img'), 16 * 2 ** 20, (mounted) =>
      trees.extract(at('bomb.tar'), mounted),
    );
    await expect(made).rejects.toThrow(
      /^cannot unpack .*bomb.tar: tar: bomb: (Wrote only|.*No space left)/,
    );
    expect(readdirSync(dir).sort()).toEqual(['bomb.tar', 'deep', 'victim']);
  });
});

describe('copy', () => {
  beforeEach(() => {
    mkdirSync(at('site/css'), { recursive: true, mode: 0o755 });
    writeFileSync(at('site/run.sh'), 'run');
    chmodSync(at('site/run.sh'), 0o755);
    chownSync(at('site/run.sh'), 1000, 1001);
    linkSync(at('site/run.sh'), at('site/css/same'));
    symlinkSync('run.sh', at('site/link'));
  });

  it('copies a folder as it is', async () => {
    writeFileSync(at('site/holes'), 'x');
    truncateSync(at('site/holes'), 64 * 2 ** 20);
    chmodSync(at('site/css'), 0o2750);
    await trees.copy(at('site'), tree, '/');
    expect(readdirSync(tree).sort()).toEqual(['css', 'holes', 'link', 'run.sh']);
    expect([modeOf(inTree('run.sh')), ownerOf(inTree('run.sh'))]).toEqual(['755', '1000:1001']);
    expect(modeOf(inTree('css'))).toBe('2750');
    expect(lstatSync(inTree('css/same')).ino).toBe(lstatSync(inTree('run.sh')).ino);
    expect(lstatSync(inTree('run.sh')).ino).not.toBe(lstatSync(at('site/run.sh')).ino);
    expect(readlinkSync(inTree('link'))).toBe('run.sh');
    expect(statSync(inTree('holes')).blocks * 512).toBeLessThan(2 ** 20);
    expect(modeOf(tree)).toBe('755');
  });

  it('copies its content into a folder, with owner and mode', async () => {
    await trees.copy(at('site'), tree, '/srv/www', { owner: '33:34', mode: '0640' });
    expect(modeOf(inTree('srv'))).toBe('755');
    expect([modeOf(inTree('srv/www/run.sh')), ownerOf(inTree('srv/www/run.sh'))]).toEqual([
      '640',
      '33:34',
    ]);
    expect([modeOf(inTree('srv/www/css')), ownerOf(inTree('srv/www/css'))]).toEqual([
      '750',
      '33:34',
    ]);
    expect(ownerOf(inTree('srv/www/link'))).toBe('33:34');
  });

  it('keeps existing folders as they are, and follows links to them', async () => {
    mkdirSync(inTree('usr/bin'), { recursive: true });
    chmodSync(inTree('usr/bin'), 0o711);
    symlinkSync('usr/bin', inTree('bin'));
    mkdirSync(at('overlay/bin/sub'), { recursive: true });
    writeFileSync(at('overlay/bin/sub/tool'), 'x');
    await trees.copy(at('overlay'), tree, '/', { owner: '0:0' });
    expect(readlinkSync(inTree('bin'))).toBe('usr/bin');
    expect(modeOf(inTree('usr/bin'))).toBe('711');
    expect(existsSync(inTree('usr/bin/sub/tool'))).toBe(true);
  });

  it('copies a file to a name, into a folder, through a link to it', async () => {
    symlinkSync(at('site/run.sh'), at('alias'));
    await trees.copy(at('site/run.sh'), tree, '/a/tool', { owner: '0:0' });
    await trees.copy(at('site/run.sh'), tree, '/b/');
    await trees.copy(at('alias'), tree, '/b');
    expect([modeOf(inTree('a/tool')), ownerOf(inTree('a/tool'))]).toEqual(['755', '0:0']);
    expect(readdirSync(inTree('b')).sort()).toEqual(['alias', 'run.sh']);
    expect(lstatSync(inTree('b/alias')).isFile()).toBe(true);
  });

  it('replaces a link instead of writing through it', async () => {
    symlinkSync(join(victim, 'precious'), inTree('file'));
    symlinkSync(join(victim, 'precious'), inTree('run.sh'));
    const untouched = outside();
    await trees.copy(at('site/run.sh'), tree, '/file', { owner: '5:5', mode: '0600' });
    await trees.copy(at('site'), tree, '/', { owner: '5:5', mode: '0600' });
    expect(outside()).toBe(untouched);
    expect(readFileSync(inTree('file'), 'utf8')).toBe('run');
    expect(ownerOf(inTree('run.sh'))).toBe('5:5');
  });

  it('resolves absolute links in the tree as a container would', async () => {
    symlinkSync('/srv', inTree('data'));
    mkdirSync(inTree('srv'));
    await trees.copy(at('site'), tree, '/data/www');
    expect(existsSync(inTree('srv/www/run.sh'))).toBe(true);
  });

  it('never leaves the tree through a link to a folder', async () => {
    symlinkSync(victim, inTree('out'));
    symlinkSync('../../../victim', inTree('up'));
    symlinkSync('round', inTree('round'));
    const untouched = outside();
    await trees.copy(at('site'), tree, '/out');
    expect(existsSync(join(tree, victim, 'run.sh'))).toBe(true);
    const refused = /leads out of the tree/;
    await expect(trees.copy(at('site'), tree, '/up/x')).rejects.toThrow(refused);
    await expect(trees.copy(at('site/run.sh'), tree, '/up/x')).rejects.toThrow(refused);
    await expect(trees.copy(at('site'), tree, '/a/../../victim')).rejects.toThrow(refused);
    await expect(trees.copy(at('site'), tree, '/round')).rejects.toThrow(/too many links/);
    expect(outside()).toBe(untouched);
  });

  it('does not merge a folder into a link that leaves the tree', async () => {
    mkdirSync(at('overlay/up'), { recursive: true });
    writeFileSync(at('overlay/up/precious'), 'evil');
    symlinkSync('../../../victim', inTree('up'));
    const untouched = outside();
    await expect(trees.copy(at('overlay'), tree, '/')).rejects.toThrow(/leads out of the tree/);
    expect(outside()).toBe(untouched);
  });

  it('reports what is wrong with its arguments', async () => {
    await expect(trees.copy(at('gone'), tree, '/')).rejects.toThrow(/no such file or folder/);
    for (const owner of ['root', '0', '-1:0']) {
      await expect(trees.copy(at('site'), tree, '/', { owner })).rejects.toThrow(/owner/);
    }
    await expect(trees.copy(at('site'), tree, '/', { mode: '9' })).rejects.toThrow(/mode/);
    expect(readdirSync(tree)).toEqual([]);
  });

  it('copies files whose names begin with a dash', async () => {
    writeFileSync(at('site/-rf'), 'x');
    await trees.copy(at('site'), tree, '/w');
    expect(readdirSync(inTree('w'))).toContain('-rf');
  });
});

describe('host', () => {
  const runs = (...args: string[]) => execFileSync('chroot', [tree, ...args], { encoding: 'utf8' });

  it('copies static and dynamic binaries that run, and the links to them', async () => {
    const binaries = ['/bin/busybox', '/usr/sbin/haproxy', '/usr/bin/awk'];
    await trees.host({ binaries, files: ['/etc/hostname'] }, tree);
    expect(runs('/bin/busybox', 'echo', 'hi')).toBe('hi\n');
    expect(runs('/usr/sbin/haproxy', '-v')).toContain('HAProxy');
    expect(runs('/usr/bin/awk', 'BEGIN { print 6 * 7 }')).toBe('42\n');
    expect(readFileSync(inTree('etc/hostname'))).toEqual(readFileSync('/etc/hostname'));
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
      const merged = lstatSync(`/${name}`).isSymbolicLink();
      expect(lstatSync(inTree(name)).isSymbolicLink()).toBe(merged);
    }
    expect(modeOf(inTree('tmp'))).toBe('1777');
    expect(modeOf(inTree('etc'))).toBe('755');
    expect(readFileSync(inTree('etc/passwd'), 'utf8')).toMatch(/^root:x:0:0:.*\nnobody:x:65534:/);
  });

  it('finds nothing to add for a static binary, a script and a file too short', async () => {
    writeFileSync(at('script'), '#!/bin/sh\n');
    writeFileSync(at('short'), '\x7fELF');
    for (const path of ['/bin/busybox', at('script'), at('short')]) {
      expect(await librariesOf(path), path).toEqual([]);
    }
    expect(await librariesOf('/usr/sbin/haproxy')).toEqual(
      expect.arrayContaining([expect.stringMatching(/ld-/), expect.stringMatching(/libc\.so\.6$/)]),
    );
  });

  it('reports what is missing before it copies anything', async () => {
    const missing = (binaries: string[], files: string[]) => trees.host({ binaries, files }, tree);
    await expect(missing(['/no/such'], [])).rejects.toThrow(
      'cannot copy binary /no/such: no such file',
    );
    await expect(missing([], ['/no/such'])).rejects.toThrow('cannot copy /no/such from the host');
    expect(existsSync(inTree('no'))).toBe(false);
  });
});

describe('debian', () => {
  const repository = () => {
    const uri = debianArchive(at('repo'), { hello: { 'srv/hello': 'hello' } });
    // for apt's own account
    for (const path of [dir, at('deep'), at('deep/er')]) chmodSync(path, 0o755);
    return `deb [trusted=yes] ${uri} bookworm main`;
  };

  it('installs packages into a new file system and leaves no trace of apt', async () => {
    const mirror = repository();
    await linuxDisks().create(at('a.img'), 128 * 2 ** 20, async (mounted) => {
      const source = { suite: 'bookworm', packages: ['hello'], variant: 'extract', mirror };
      await trees.debian(source, mounted);
      expect(readFileSync(join(mounted, 'srv/hello'), 'utf8')).toBe('hello');
      const left = execFileSync(
        'find',
        ['var/cache/apt', 'var/lib/apt/lists', 'etc/apt/apt.conf.d', '-type', 'f', '-size', '+0'],
        { cwd: mounted, encoding: 'utf8' },
      );
      expect(left).toBe('');
      expect(readdirSync(join(mounted, 'etc/dpkg/dpkg.cfg.d'))).toEqual([]);
      expect(existsSync(join(mounted, 'usr/sbin/policy-rc.d'))).toBe(false);
    });
  });

  it('frees the space of files deleted during the build', async () => {
    const mirror = repository();
    await linuxDisks().create(at('a.img'), 64 * 2 ** 20, async (mounted) => {
      const fetched = openSync(join(mounted, 'fetched'), 'w');
      writeSync(fetched, randomBytes(32 * 2 ** 20));
      fsyncSync(fetched);
      closeSync(fetched);
      rmSync(join(mounted, 'fetched'));
      const source = { suite: 'bookworm', packages: ['hello'], variant: 'extract', mirror };
      await trees.debian(source, mounted);
    });
    expect(statSync(at('a.img')).blocks * 512).toBeLessThan(16 * 2 ** 20);
  });

  it("quotes the tool's own error", async () => {
    const source = { suite: 'bookworm', packages: ['nosuch'], variant: 'extract' };
    const failed = trees.debian({ ...source, mirror: repository() }, tree);
    await expect(failed).rejects.toThrow(
      /^cannot install Debian bookworm: .*Unable to locate package nosuch/,
    );
  });

  describe('without mmdebstrap', () => {
    const path = process.env.PATH;
    afterEach(() => {
      process.env.PATH = path;
    });

    /** Hides mmdebstrap, and replaces debootstrap with a script or hides it. */
    function replaceDebootstrap(script: string | undefined): void {
      mkdirSync(at('bin'));
      for (const name of ['sh', 'find', 'mkdir', 'setpriv', 'sync', 'unshare']) {
        symlinkSync(join('/usr/bin', name), at('bin', name));
      }
      if (script) writeFileSync(at('bin/debootstrap'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      process.env.PATH = at('bin');
    }
    const source = {
      suite: 'bookworm',
      packages: ['a', 'b'],
      variant: 'minbase',
      mirror: 'http://m/',
    };

    it('installs by debootstrap', async () => {
      replaceDebootstrap(
        '[ "$1" = --version ] || { for d in cache/apt lib/apt/lists; do mkdir -p "$4/var/$d"; echo > "$4/var/$d/x"; done; echo "$*" > "$4/args"; }',
      );
      await trees.debian(source, tree);
      expect(readFileSync(inTree('args'), 'utf8')).toBe(
        `--variant=minbase --include=a,b bookworm ${tree} http://m/\n`,
      );
      expect(readdirSync(inTree('var/cache/apt'))).toEqual([]);
    });

    it('reports which variant needs mmdebstrap, and errors of debootstrap', async () => {
      replaceDebootstrap('[ "$1" = --version ] || { echo "E: no such script"; exit 1; }');
      const extract = { ...source, variant: 'extract' };
      await expect(trees.debian(extract, tree)).rejects.toThrow(/no variant extract/);
      await expect(trees.debian(source, tree)).rejects.toThrow(
        'cannot install Debian bookworm: E: no such script',
      );
    });

    it('reports what to install if both are missing', async () => {
      replaceDebootstrap(undefined);
      mkdirSync(at('empty'));
      execFileSync('/usr/bin/mount', ['--bind', at('empty'), '/usr/sbin']);
      const failed = await trees.debian(source, tree).catch((error: unknown) => error);
      execFileSync('/usr/bin/umount', ['/usr/sbin']);
      expect(failed).toMatchObject({
        message: expect.stringContaining('neither mmdebstrap nor debootstrap'),
        hint: 'apt-get install mmdebstrap',
      });
    });
  });

  it('mounts nothing on the host while it works, and ends with its caller', async () => {
    const [program, args] = sandboxed('sh', [
      '-c',
      'mount -t tmpfs t "$0"; echo $$; exec sleep 60',
      tree,
    ]);
    const code = `const c = require('child_process').spawn(${JSON.stringify(program)}, ${JSON.stringify(args)}, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] })`;
    const parent = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    expect(String((await once(parent.stdout, 'data'))[0])).toBe('1\n');
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(tree);
    const alive = () =>
      execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => line.includes(tree) && !line.startsWith('ps'));
    expect(alive().length).toBeGreaterThan(0);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    for (let attempt = 0; attempt < 50 && alive().length > 0; attempt++) await sleep(20);
    expect(alive()).toEqual([]);
  });
});
