import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost, MAIN, type PrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { tracedCalls, tracing } from '../../support/strace.js';

/** `café` in latin1, which is not UTF-8. */
const CAFE = Buffer.from('caf\xe9', 'latin1');

const at = (folder: string, name: Buffer) => Buffer.concat([Buffer.from(`${folder}/`), name]);

/** Starts container `one`, and creates the files to copy by a shell script in it. */
async function begin(host: PrivateHost, script: string): Promise<void> {
  const containers = { one: { image: 'base', stop_signal: 'SIGKILL', command: IDLE } };
  const file = { name: 's', images: { base: { ...SMALL_IMAGE, size: '32M' } }, containers };
  writeFileSync(join(host.dir, 'baleine.yaml'), JSON.stringify(file));
  await host.baleine(['apply', '-y', '--quiet']);
  await inside(host, script);
}

const end = (host: PrivateHost) => host.baleine(['destroy', '-y']);

const inside = async (host: PrivateHost, script: string) =>
  (await host.baleine(['exec', 'one', '--', 'busybox', 'sh', '-c', script])).stdout;

/** Runs a script of the host on the container's disk, for what containers may not do. */
async function onDisk(host: PrivateHost, script: string): Promise<void> {
  const [row] = JSON.parse((await host.baleine(['inspect', 'one'])).stdout);
  await host.run('sh', ['-ec', `cd /proc/${row.pid}/root; ${script}`]);
}

it.skipIf(lackingAny('strace', 'setcap', 'getcap', 'setfattr'))(
  'copies out of a container without privileges, not even for a moment',
  inPrivateHost(async (host) => {
    await begin(
      host,
      'mkdir -p /x/d; cp /bin/busybox /x/tool; cd /x; ln tool twin; ln -s /etc/shadow link;' +
        'busybox mkfifo fifo; chmod 6755 tool; chmod 3777 d',
    );
    await onDisk(
      host,
      'mknod x/null c 1 3; cp x/tool x/able; setcap cap_setuid+ep x/able;' +
        'setfattr -n user.note -v kept x/able; setfattr -n trusted.x -v y x/able',
    );
    const log = join(host.dir, 'calls');
    const calls = 'openat,/^f?chmod,/^mkdir,/^mknod,/^[fl]?setxattr';
    const copy = [process.execPath, MAIN, '--root', host.root, 'cp', 'one:/x', 'out'];
    await host.run('strace', [...tracing(calls, log), ...copy]);

    const modes = readdirSync(join(host.dir, 'out')).sort();
    expect(modes).toEqual(['able', 'd', 'fifo', 'link', 'tool', 'twin']);
    const mode = (name: string) => statSync(join(host.dir, 'out', name)).mode & 0o7777;
    expect([mode('tool'), mode('d'), mode('able')]).toEqual([0o755, 0o1777, 0o755]);
    expect((await host.run('getcap', ['-r', 'out'])).stdout).toBe('');
    const xattrs = (await host.run('getfattr', ['-m', '-', '-d', 'out/able'])).stdout;
    expect(xattrs).toBe('# file: out/able\nuser.note="kept"\n\n');
    expect(statSync(join(host.dir, 'out/twin')).ino).toBe(statSync(join(host.dir, 'out/tool')).ino);
    const made = tracedCalls(log).filter((call) => !/^openat\((?!.*O_CREAT)/.test(call));
    expect(made.some((call) => /^f?chmod.*0?755/.test(call))).toBe(true);
    const power = /[ |]0?[2467][0-7]{3}\b|S_IS[UG]ID|S_IF(CHR|BLK)|"(security|trusted|system)\./;
    const powerful = made.filter((call) => power.test(call));
    expect(powerful).toEqual([]);
    await end(host);
  }),
);

it(
  'merges into a host folder without touching anything else or following links',
  inPrivateHost(async (host) => {
    await begin(
      host,
      'mkdir -p /site/sub /site/far; cd /site; echo new >page; echo n >sub/page; echo f >far/page',
    );
    const out = join(host.dir, 'out');
    mkdirSync(join(out, 'site/sub'), { recursive: true });
    mkdirSync(join(out, 'site/far'));
    const script =
      'cd out/site; cp /bin/busybox own; chmod 6755 own; chmod 2750 sub; chown 7:8 sub;' +
      'mknod sub/null c 1 3; ln -s /dev/null link; mount -t tmpfs none far; echo old >page';
    await host.run('sh', ['-ec', script]);

    await host.baleine(['cp', 'one:/site', 'out']);
    const names = ['own', 'sub', 'sub/null', 'link'].map((name) => `out/site/${name}`);
    const shown = (await host.run('stat', ['-c', '%n %A %u:%g', ...names])).stdout;
    expect(shown).toBe(
      'out/site/own -rwsr-sr-x 0:0\nout/site/sub drwxr-s--- 7:8\n' +
        'out/site/sub/null crw-r--r-- 0:8\nout/site/link lrwxrwxrwx 0:0\n',
    );
    const read = async (name: string) => (await host.run('cat', [`out/site/${name}`])).stdout;
    expect([await read('page'), await read('sub/page'), await read('far/page')]).toEqual([
      'new\n',
      'n\n',
      'f\n',
    ]);
    await host.run('umount', ['out/site/far']);

    // links that lead outside, and files that cannot be replaced, are refused before anything is moved
    mkdirSync(join(host.dir, 'victim'));
    for (const [name, make] of [
      ['link', 'ln -s ../../victim'],
      ['fifo', 'mkfifo'],
      ['file', 'touch'],
    ] as const) {
      await inside(
        host,
        `rm -rf /site/*; mkdir /site/${name}; echo x >/site/${name}/evil; echo y >/site/aaa`,
      );
      await host.run('sh', ['-ec', `cd out/site; rm -rf ${name}; ${make} ${name}`]);
      const before = (await host.run('ls', ['-lR', 'out'])).stdout;
      const refused = await host.baleine(['cp', 'one:/site', 'out'], { reject: false });
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(`cannot copy to out/site/${name}: it is a`);
      expect((await host.run('ls', ['-lR', 'out'])).stdout).toBe(before);
      await host.run('rm', [`out/site/${name}`]);
    }
    await inside(host, 'rm -rf /site/*; echo x >/site/null');
    await host.run('mknod', ['out/site/null', 'c', '1', '3']);
    expect((await host.baleine(['cp', 'one:/site', 'out'], { reject: false })).stderr).toContain(
      'out/site/null: it is a device, and a file cannot replace it',
    );
    expect(readdirSync(join(host.dir, 'victim'))).toEqual([]);
    await end(host);
  }),
);

it(
  'writes a file into a FIFO or to standard output, and replaces the target of a link',
  inPrivateHost(async (host) => {
    await begin(host, 'echo hello >/hello; mkdir /folder');
    const piped = `node ${MAIN} --root ${host.root} cp one:/hello fifo & cat fifo; wait $!`;
    await host.run('mkfifo', ['fifo']);
    expect((await host.run('sh', ['-ec', piped])).stdout).toBe('hello\n');
    expect(statSync(join(host.dir, 'fifo')).isFIFO()).toBe(true);
    expect((await host.baleine(['cp', 'one:/hello', '/dev/stdout'])).stdout).toBe('hello\n');
    const folder = await host.baleine(['cp', 'one:/folder', 'fifo'], { reject: false });
    expect(folder.stderr).toContain(
      'cannot copy /folder to fifo: only a file can be written there',
    );

    writeFileSync(join(host.dir, 'real'), 'old');
    symlinkSync('real', join(host.dir, 'alias'));
    await host.baleine(['cp', 'one:/hello', 'alias']);
    expect(readFileSync(join(host.dir, 'real'), 'utf8')).toBe('hello\n');
    await host.run('sh', ['-ec', 'ln -s real theirs; chown -h 1234 theirs']);
    const theirs = await host.baleine(['cp', 'one:/hello', 'theirs'], { reject: false });
    expect(theirs.stderr).toContain('cannot write theirs: it belongs to another account');
    await end(host);
  }),
);

it(
  'copies names that are not UTF-8 in both directions',
  inPrivateHost(async (host) => {
    await begin(host, ':');
    const paths = join(host.dir, 'site');
    mkdirSync(at(paths, CAFE), { recursive: true });
    writeFileSync(Buffer.concat([at(paths, CAFE), Buffer.from('/'), CAFE]), 'in\n');
    await host.baleine(['cp', 'site', 'one:/site']);
    // merging into a folder with such a name
    writeFileSync(Buffer.concat([at(paths, CAFE), Buffer.from('/more')]), 'more\n');
    await host.baleine(['cp', 'site', 'one:/site']);
    expect(await inside(host, 'cd /site/caf*; cat caf* more')).toBe('in\nmore\n');

    await host.baleine(['cp', 'one:/site', 'out']);
    const copied = at(join(host.dir, 'out'), CAFE);
    expect(readFileSync(Buffer.concat([copied, Buffer.from('/'), CAFE]), 'utf8')).toBe('in\n');
    // the name itself is an argument
    const script = `cd site; node ${MAIN} --root ${host.root} -f ../baleine.yaml cp`;
    await host.run('sh', ['-ec', `${script} one:/site/"$(printf 'caf\\351')" "$(printf '\\377')"`]);
    expect(readdirSync(at(paths, Buffer.from([255]))).length).toBe(2);
    await host.run('sh', ['-ec', `${script} "$(printf '\\377')" one:/again`]);
    expect(await inside(host, 'cat /again/more')).toBe('more\n');
    await end(host);
  }),
);

it(
  'copies files into a volume and out of it, whose links lead nowhere else',
  inPrivateHost(async (host) => {
    const run = (...words: string[]) => host.baleine(['volume', ...words], { reject: false });
    await run('create', 'data');
    const folder = join(host.root, 'volumes/-/data');
    const text = join(host.dir, 'text');
    writeFileSync(text, 'hello');
    await host.baleine(['image', 'create', 'base', '--size', '16M', '--from-host', '/bin/busybox']);
    const command = ['busybox', 'sh', '-c', 'while :; do :; done'];
    const how = ['--image', 'base', '-v', 'data:/data', '--cpus', '0.1', '--start', '--init'];
    await host.baleine(['container', 'create', 'one', ...how, '--', ...command]);

    expect((await run('cp', text, 'data:/')).stderr).toBe('');
    expect(readFileSync(join(folder, 'text'), 'utf8')).toBe('hello');
    const list = ['exec', 'one', '--', 'busybox', 'cat', '/data/text'];
    expect((await host.baleine(['container', ...list])).stdout).toBe('hello');

    symlinkSync(host.dir, join(folder, 'away'));
    symlinkSync(text, join(folder, 'link'));
    // the link's path begins at the volume, as in a container
    expect((await run('cp', text, 'data:/away/new')).code).toBe(0);
    expect(readFileSync(join(folder, host.dir, 'new'), 'utf8')).toBe('hello');
    expect((await run('cp', 'data:/link', join(host.dir, 'out'))).code).toBe(1);
    expect(readdirSync(host.dir)).not.toContain('new');
    expect(readdirSync(host.dir)).not.toContain('out');
    await run('cp', 'data:/text', join(host.dir, 'again'));
    expect(readFileSync(join(host.dir, 'again'), 'utf8')).toBe('hello');

    expect((await run('cp', 'data:/none', host.dir)).stderr).toContain('none');
    expect((await run('cp', 'other:/x', host.dir)).stderr).toContain('there is no volume "other"');
    expect((await run('cp', text, host.dir)).stderr).toContain(
      'one of the two must be VOLUME:PATH',
    );
    await host.baleine(['container', 'rm', '--force', 'one'], { reject: false });
    await run('rm', 'data');
    await host.baleine(['image', 'rm', 'base']);
  }),
  120_000,
);
