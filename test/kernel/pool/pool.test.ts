import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { IDLE } from '../../support/small-image.js';
import { treeOf, unmountPool, writeTree } from './tree.js';

const skip = lackingAny('mkfs.xfs', 'setfattr');
const MiB = 2 ** 20;
/** statfs(2) */
const XFS = 0x58465342;

const typeOf = (path: string) => statfsSync(path).type;
const inHost = (host: PrivateHost, path: string) => `/proc/${host.pid}/root${path}`;

function write(host: PrivateHost, containers: object, more: object = {}): string {
  const file = join(host.dir, 'baleine.yaml');
  const box = { size: '64M', from: { host: { binaries: ['/bin/busybox', '/bin/sh'] } } };
  const stack = { name: 'shop', images: { box }, volumes: { data: {} }, containers, ...more };
  writeFileSync(file, JSON.stringify(stack));
  return file;
}
const db = (more: object = {}) => ({
  image: 'box',
  command: IDLE,
  volumes: ['data:/data'],
  ...more,
});

async function status(host: PrivateHost) {
  return JSON.parse((await host.baleine(['pool', 'status', '--json'])).stdout);
}

/** Mounts on a path of the host. */
async function mountsOn(host: PrivateHost, path: string): Promise<string[]> {
  const { stdout } = await host.run('cat', ['/proc/self/mountinfo']);
  return stdout.split('\n').filter((line) => line.split(' ')[4] === path);
}

describe.skipIf(skip)('a pool', () => {
  it(
    'holds a new root, is mounted by the run after a reboot, and is removed',
    inPrivateHost(async (host) => {
      const made = await host.baleine(['pool', 'create', '--size', '400M']);
      expect(made.stdout).toBe(`${host.root} is a pool now, in ${host.root}.pool.\n`);
      expect(typeOf(inHost(host, host.root))).toBe(XFS);
      const names = ['a', 'b', 'c', 'd', 'e'];
      const web = {
        image: 'box',
        command: ['busybox', 'httpd', '-f', '-h', '/srv'],
        bridges: ['net'],
      };
      const image = {
        size: '64M',
        from: { host: { binaries: ['/bin/busybox', '/bin/sh'] } },
        run: [
          'busybox mkdir /srv; busybox dd if=/dev/urandom of=/srv/large bs=1M count=20; echo up >/srv/index.html',
        ],
      };
      const file = write(
        host,
        Object.fromEntries(
          names.map((name, at) => [
            name,
            { ...web, bridges: { net: { address: `10.77.4.${at + 2}` } } },
          ]),
        ),
        {
          images: { box: image },
          bridges: { net: { subnet: '10.77.4.0/24', host: '10.77.4.1' } },
          volumes: {},
        },
      );
      const apply = ['apply', '-y', '--quiet', '-f', file];
      const applied = await host.baleine(['apply', '-y', '-f', file]);
      expect(applied.stderr).toMatch(
        /^container\.c: created \([\d.]+ s, disk shares the blocks of its image\)$/m,
      );
      expect(await host.http('http://10.77.4.6/')).toBe('up\n');
      const { used, files, free, size } = await status(host);
      expect(files).toBeGreaterThan(names.length * 20 * MiB);
      expect(used).toBeLessThan(80 * MiB);
      expect(free + used).toBe(size);

      const df = await host.baleine(['system', 'df']);
      expect(df.stdout).toMatch(
        /\nWhat copies share counts for each of them: [\d.]+M of the pool's 336M are in use\.\n$/,
      );

      await host.baleine(['stop', '-f', file]);
      await unmountPool(host);
      expect(readdirSync(inHost(host, host.root)).sort()).toEqual([
        '.lock',
        'host.json',
        'pool.json',
      ]);
      const [plan] = await Promise.all([
        host.baleine(['plan', '-f', file]),
        ...names.map(() => host.baleine(['ps', '--all', '-f', file])),
      ]);
      expect(plan.stdout).toMatch(/^No changes\./);
      expect(await mountsOn(host, host.root)).toHaveLength(1);
      await unmountPool(host);
      await host.baleine(['start', '-f', file]);
      await host.baleine(apply);
      expect(await host.http('http://10.77.4.3/')).toBe('up\n');
      const doctor = await host.baleine(['doctor'], { reject: false });
      expect(doctor.stdout).toMatch(/^ok {4}pool +\S+root\.pool: [\d.]+M of 336M used$/m);

      const used1 = await host.baleine(['pool', 'remove'], { reject: false });
      expect(used1.stderr).toMatch(
        /^Error: cannot move \S+ out of its pool: in use: the disk shop\.a, /,
      );
      await host.baleine(['destroy', '-y', '--quiet', '-f', file]);
      expect(typeOf(inHost(host, host.root))).toBe(XFS);
      await host.baleine(['pool', 'remove']);
      expect(existsSync(`${host.root}.pool`)).toBe(false);
      expect(readdirSync(host.root)).toEqual(['destroyed.csv']);
    }),
    120_000,
  );

  it(
    'takes in a root with all of its data, and gives it back',
    inPrivateHost(async (host) => {
      const volumes = { data: {}, sized: { size: '32M' } };
      const file = write(
        host,
        { db: db({ volumes: ['data:/data', 'sized:/sized'] }) },
        { volumes },
      );
      const on = ['-f', file];
      await host.baleine(['apply', '-y', '--quiet', ...on]);
      await host.baleine([
        'exec',
        ...on,
        'db',
        'busybox',
        'sh',
        '-c',
        'echo mine >/etc/own; echo sized >/sized/one',
      ]);
      await writeTree(host, join(host.root, 'volumes/shop/data'));
      const create = ['pool', 'create', '--size', '400M'];
      const running = await host.baleine(create, { reject: false });
      expect(running.stderr).toBe(
        [
          `Error: cannot move ${host.root} into a pool: in use: the disk shop.db, process ${/process (\d+)/.exec(running.stderr)?.[1]} (conmon)`,
          '  Stop the containers of every stack (baleine ls): baleine stop, in the folder of each.',
          '  Their disks and volumes stay, and come along.\n',
        ].join('\n'),
      );
      await host.baleine(['stop', ...on]);
      const all = async () => {
        const data = await treeOf(host, join(host.root, 'volumes/shop/data'));
        const state = await host.baleine(['state', 'show']);
        const files = ['images/shop.box.img', 'disks/shop.db.img'].map((name) =>
          join(host.root, name),
        );
        const digests = await host.run('sha256sum', files);
        return [data, state.stdout, digests.stdout];
      };
      const before = await all();
      await host.baleine(create);
      expect(typeOf(inHost(host, host.root))).toBe(XFS);
      expect(await all()).toEqual(before);
      await unmountPool(host);
      const healed = await host.baleine(['apply', '-y', '--quiet', ...on]);
      expect(healed.stdout).toBe('baleine shop:\n  volume.sized healed: not mounted\n');
      expect((await host.baleine(['plan', ...on])).stdout).toMatch(/^No changes\./);
      expect(await all()).toEqual(before);
      await host.baleine(['start', ...on]);
      const own = await host.baleine([
        'exec',
        ...on,
        'db',
        'busybox',
        'cat',
        '/etc/own',
        '/data/d/e/one',
        '/sized/one',
      ]);
      expect(own.stdout).toBe('mine\none\nsized\n');
      await host.baleine(['stop', ...on]);
      const again = await all();
      await host.baleine(['pool', 'remove']);
      expect(existsSync(`${host.root}.pool`)).toBe(false);
      expect(await mountsOn(host, host.root)).toEqual([]);
      expect(await all()).toEqual(again);
      expect(again[0]).toBe(before[0]);
      await host.baleine(['apply', '-y', '--quiet', ...on]);
      expect((await host.baleine(['plan', ...on])).stdout).toMatch(/^No changes\./);
      await host.baleine(['destroy', '-y', '--quiet', '--volumes', ...on]);
    }),
    120_000,
  );

  it(
    'whose file is gone stops every command, and nothing is made in its place',
    inPrivateHost(async (host) => {
      const file = write(host, { db: db() });
      await host.baleine(['pool', 'create', '--size', '400M']);
      await host.baleine(['apply', '-y', '--quiet', '-f', file]);
      await host.baleine(['stop', '-f', file]);
      await unmountPool(host);
      const [pool, away] = [`${host.root}.pool`, join(host.dir, 'away')];
      renameSync(pool, away);
      const refused = async (...words: string[]) => {
        const ran = await host.baleine(words, { reject: false });
        expect([words, ran.code, ran.stdout]).toEqual([words, 1, '']);
        return ran.stderr;
      };
      const gone = [
        `Error: cannot mount the pool of ${host.root}: ${pool} is gone`,
        `  Everything of ${host.root} is in there; the folder below it is not used instead.`,
        '  Bring it back to where it was, and run the command again.\n',
      ].join('\n');
      for (const words of [
        ...[
          ['plan', '-f', file],
          ['apply', '-y', '-f', file],
          ['destroy', '-y', '-f', file],
        ],
        ...[
          ['ps', '-f', file],
          ['volume', 'ls'],
          ['state', 'adopt', '-y'],
          ['pool', 'status'],
        ],
        ...[
          ['pool', 'create', '--size', '400M'],
          ['system', 'df'],
          ['image', 'prune', '-y'],
        ],
      ]) {
        expect([words, await refused(...words)]).toEqual([words, gone]);
      }
      // from cron, a failure is reported once
      expect(await refused('apply', '-y', '--quiet', '-f', file)).toBe(gone);
      expect(await refused('apply', '-y', '--quiet', '-f', file)).toBe('');
      const doctor = await host.baleine(['doctor'], { reject: false });
      expect([doctor.code, doctor.stdout]).toEqual([
        1,
        expect.stringMatching(/^fail {2}pool .* is gone$/m),
      ]);
      writeFileSync(pool, 'something else');
      expect(await refused('plan', '-f', file)).toMatch(
        /what is on \S+\.pool is not its file system\n/,
      );
      rmSync(pool);
      expect(readdirSync(host.root).sort()).toEqual(['.lock', 'host.json', 'pool.json']);
      const marker = readFileSync(join(host.root, 'pool.json'), 'utf8');
      writeFileSync(join(host.root, 'pool.json'), marker.slice(0, 40));
      expect(await refused('plan', '-f', file)).toMatch(
        /^Error: cannot trust \S+pool\.json: it was cut/,
      );
      writeFileSync(join(host.root, 'pool.json'), marker);
      renameSync(away, pool);
      expect((await host.baleine(['plan', '-f', file])).stdout).toMatch(/^No changes\./);
      await host.baleine(['destroy', '-y', '--quiet', '--volumes', '-f', file]);
      await host.baleine(['pool', 'remove']);
    }),
    120_000,
  );

  it(
    'grows while a container writes, and does not shrink',
    inPrivateHost(async (host) => {
      await host.baleine(['pool', 'create', '--size', '400M']);
      const load =
        'n=0; while busybox dd if=/dev/zero bs=1M count=8 of=/data/load conv=fsync 2>/data/errors && busybox sync; do n=$((n+1)); echo $n >/data/count; done; echo failed >/data/failed';
      const file = write(host, { db: db({ command: ['/bin/sh', '-c', load] }) });
      await host.baleine(['apply', '-y', '--quiet', '-f', file]);
      const data = (name: string) => inHost(host, join(host.root, 'volumes/shop/data', name));
      const counted = async (past: number) => {
        await expect
          .poll(() => Number(readFileSync(data('count'), 'utf8')), { timeout: 20_000 })
          .toBeGreaterThan(past);
        return Number(readFileSync(data('count'), 'utf8'));
      };
      await expect.poll(() => existsSync(data('count')), { timeout: 20_000 }).toBe(true);
      const before = await status(host);
      let at = await counted(1);
      for (const size of ['500M', '600M', '900M']) {
        await host.baleine(['pool', 'grow', '--size', size]);
        at = await counted(at + 1);
      }
      expect((await status(host)).size - before.size).toBe(500 * MiB);
      // cut off after the file had grown: the same command again does the rest
      truncateSync(`${host.root}.pool`, 1000 * MiB);
      await host.baleine(['pool', 'grow', '--size', '1000M']);
      expect((await status(host)).size - before.size).toBe(600 * MiB);
      const less = await host.baleine(['pool', 'grow', '--size', '700M'], { reject: false });
      expect(less.stderr).toBe(
        `Error: cannot make the pool of ${host.root} smaller: 700M, and it has 1000M\n  XFS only grows.\n`,
      );
      await counted(at + 1);
      expect(existsSync(data('failed'))).toBe(false);
      await host.baleine(['destroy', '-y', '--quiet', '--volumes', '-f', file]);
      await host.baleine(['pool', 'remove']);
    }),
    120_000,
  );

  it(
    'is not made where it does not fit, and a disk that fills up leaves the root as it was',
    inPrivateHost(async (host) => {
      const small = join(host.dir, 'small');
      const disk = join(host.dir, 'disk');
      writeFileSync(disk, '');
      truncateSync(disk, 400 * MiB);
      await host.run('mkfs.ext4', ['-q', '-F', '-m', '0', disk]);
      mkdirSync(small);
      await host.run('mount', ['-o', 'loop', disk, small]);
      const file = write(host, { db: db() });
      await host.baleine(['apply', '-y', '--quiet', '-f', file]);
      await host.baleine(['stop', '-f', file]);
      const data = join(host.root, 'volumes/shop/data');
      await writeTree(host, data);
      await host.run('sh', ['-c', 'head -c 60000000 /dev/urandom >large'], { cwd: data });
      const before = await treeOf(host, data);
      const create = ['pool', 'create', '--size', '1G', '--file', join(small, 'pool')];

      await host.run('fallocate', ['-l', '250M', join(small, 'filler')]);
      const refused = await host.baleine(create, { reject: false });
      expect(refused.stderr).toMatch(
        /^Error: cannot copy [\d.]+M: only [\d.]+M are free in \S+small\n/,
      );
      await host.run('rm', [join(small, 'filler')]);

      // fills the disk between the check and the copy
      const bin = join(host.dir, 'bin');
      mkdirSync(bin);
      writeFileSync(
        join(bin, 'cp'),
        `#!/bin/sh\nfallocate -l "$(($(stat -f -c '%a*%S' ${small}) - 20000000))" ${small}/filler\nexec /bin/cp "$@"\n`,
      );
      chmodSync(join(bin, 'cp'), 0o755);
      const env = { PATH: `${bin}:${process.env.PATH}` };
      const full = await host.baleine(create, { reject: false, env });
      expect(full.code).toBe(1);
      expect(full.stderr).toMatch(
        /Error: cannot move \S+root into \S+small\/pool: the file system of \S+small is full\n/,
      );
      const inSmall = (await host.run('ls', [small])).stdout;
      expect(inSmall).toBe('filler\nlost+found\n');
      expect(await mountsOn(host, host.root)).toEqual([]);
      expect(readdirSync(host.root).filter((name) => name.includes('pool'))).toEqual([]);
      expect(await treeOf(host, data)).toBe(before);
      expect((await host.baleine(['plan', '-f', file])).stdout).toMatch(/^No changes\./);

      await host.run('rm', [join(small, 'filler')]);
      const warned = await host.baleine(create);
      expect(warned.stderr).toMatch(
        /^Warning: \S+ may grow to 1G, and [\d.]+M are free below it: /,
      );
      expect(await treeOf(host, data)).toBe(before);
      const doctor = await host.baleine(['doctor'], { reject: false });
      expect(doctor.stdout).toMatch(
        /^warn {2}pool .*; it may grow by [\d.]+M, and [\d.]+M are free below it$/m,
      );
      await host.baleine(['pool', 'remove']);
      expect(await treeOf(host, data)).toBe(before);
      await host.baleine(['destroy', '-y', '--quiet', '--volumes', '-f', file]);
      await host.run('umount', [small]);
    }),
    120_000,
  );

  it(
    'is not used if the copy in it differs in anything',
    inPrivateHost(async (host) => {
      const file = write(host, { db: db() });
      await host.baleine(['apply', '-y', '--quiet', '-f', file]);
      await host.baleine(['stop', '-f', file]);
      const data = join(host.root, 'volumes/shop/data');
      await writeTree(host, data);
      const before = await treeOf(host, data);
      const bin = join(host.dir, 'bin');
      mkdirSync(bin);
      const env = { PATH: `${bin}:${process.env.PATH}` };
      const harms: [how: string, message: RegExp][] = [
        [
          'printf x | dd of=d/random bs=1 seek=2999999 conv=notrunc status=none; touch -d 2001-02-03 d/random',
          /d\/random: another content at byte 2\d+$/,
        ],
        [
          't=$(stat -c %Y d/sparse); printf x | dd of=d/sparse bs=1 seek=1000000000 conv=notrunc status=none; touch -d @$t d/sparse',
          /d\/sparse: another content at byte \d+$/,
        ],
        ['rm d/three', /d: other names$/],
        ['touch d/more', /d: other names$/],
        ['chmod 600 d/random', /d\/random: another type, mode or owner$/],
        ['ln -sfn e/two d/three', /d\/three: another (time|target)$/],
        ['truncate -s +1 d/random; touch -d 2001-02-03 d/random', /d\/random: another size$/],
      ];
      for (const [how, message] of harms) {
        const script = `#!/bin/bash\n/bin/cp "$@"\ncd "\${!#}/volumes/shop/data"\n${how}\n`;
        writeFileSync(join(bin, 'cp'), script);
        chmodSync(join(bin, 'cp'), 0o755);
        const ran = await host.baleine(['pool', 'create', '--size', '400M'], {
          reject: false,
          env,
        });
        const last = ran.stderr.trimEnd().split('\n').at(-1);
        expect([how, ran.code, last]).toEqual([how, 1, expect.stringMatching(message)]);
        expect([how, existsSync(`${host.root}.pool`)]).toEqual([how, false]);
      }
      expect(await treeOf(host, data)).toBe(before);
      expect((await host.baleine(['plan', '-f', file])).stdout).toMatch(/^No changes\./);
      await host.baleine(['destroy', '-y', '--quiet', '--volumes', '-f', file]);
    }),
    120_000,
  );

  it(
    'on a device takes only an empty one, and finds it again under another name',
    inPrivateHost(async (host) => {
      const disk = join(host.dir, 'disk');
      writeFileSync(disk, '');
      truncateSync(disk, 400 * MiB);
      const attach = async () =>
        (await host.run('losetup', ['--find', '--show', disk])).stdout.trim();
      const device = await attach();
      await host.run('mkfs.ext4', ['-q', '-F', device]);
      const create = ['pool', 'create', '--device', device];
      const refused = await host.baleine(create, { reject: false });
      expect(refused.stderr).toBe(
        `Error: cannot create a pool for ${host.root}: there is ext4 on ${device}\n  Nothing was changed. If it may go: wipefs --all ${device}\n`,
      );
      expect(existsSync(host.root)).toBe(false);
      await host.run('wipefs', ['--all', '--quiet', device]);
      await host.baleine(create);
      const file = write(host, { db: db() });
      await host.baleine(['apply', '-y', '--quiet', '-f', file]);
      await host.baleine(['stop', '-f', file]);
      await unmountPool(host);
      await host.run('losetup', ['--detach', device]);
      // takes the number that the device had
      const other = (await host.run('losetup', ['--find', '--show', file])).stdout.trim();
      const now = await attach();
      expect((await host.baleine(['plan', '-f', file])).stdout).toMatch(/^No changes\./);
      expect(await status(host)).toMatchObject({ device: now });
      truncateSync(disk, 500 * MiB);
      await host.run('losetup', ['--set-capacity', now]);
      const before = (await status(host)).size;
      await host.baleine(['pool', 'grow']);
      expect((await status(host)).size).toBeGreaterThan(before + 90 * MiB);
      await host.baleine(['destroy', '-y', '--quiet', '--volumes', '-f', file]);
      await host.baleine(['pool', 'remove']);

      // one that somebody else has mounted stays so
      await host.run('mkfs.xfs', ['-q', '-f', now]);
      await host.run('mount', ['-t', 'xfs', now, host.root]);
      const foreign = await host.baleine(['pool', 'remove'], { reject: false });
      expect(foreign.stderr).toMatch(
        /^Error: cannot remove .* baleine pool create has not made it\n/,
      );
      expect(await mountsOn(host, host.root)).toHaveLength(1);
      const needless = await host.baleine(['pool', 'create', '--size', '400M'], { reject: false });
      expect(needless.stderr).toMatch(/^Error: cannot create a pool for \S+: it has one\n/);
      await host.run('umount', [host.root]);
      for (const each of [now, other]) await host.run('losetup', ['--detach', each]);
    }),
    120_000,
  );

  it(
    'is made once by two commands at once, and can have all of its room reserved',
    inPrivateHost(async (host) => {
      const create = ['pool', 'create', '--size', '400M', '--preallocate'];
      const both = await Promise.all(
        [1, 2].map(() => host.baleine(create, { reject: false, timeout: 120_000 })),
      );
      expect(both.map(({ code }) => code).sort()).toEqual([0, 1]);
      expect(both.find(({ code }) => code === 1)?.stderr).toBe(
        `Error: cannot create a pool for ${host.root}: it has one\n  baleine pool status\n`,
      );
      const [mount = ''] = await mountsOn(host, host.root);
      expect(mount).toMatch(/ rw,nosuid,nodev,/);
      expect(mount).not.toContain('discard');
      expect((await status(host)).allocated).toBeGreaterThanOrEqual(400 * MiB);
      await host.baleine(['pool', 'grow', '--size', '450M']);
      expect((await status(host)).allocated).toBeGreaterThanOrEqual(450 * MiB);
      await host.baleine(['pool', 'remove']);
      expect(existsSync(host.root)).toBe(false);
    }),
    120_000,
  );

  it(
    'is recommended where many containers have copies of a large image',
    inPrivateHost(async (host) => {
      const image = {
        size: '256M',
        from: { host: { binaries: ['/bin/busybox', '/bin/sh'] } },
        run: ['busybox dd if=/dev/urandom of=/large bs=1M count=101'],
      };
      const box = { image: 'box', command: IDLE };
      const more = { images: { box: image }, volumes: {} };
      const advice = async () => {
        const { stdout } = await host.baleine(['doctor'], { reject: false });
        return /^\w+ +pool .*\n +→.*$/m.exec(stdout)?.[0].replace(/ {2,}/g, ' ');
      };
      const file = write(host, { a: box, b: box, c: box }, more);
      const first = await host.baleine(['apply', '-y', '-f', file]);
      expect(first.stderr).toMatch(/^container\.a: created \([\d.]+ s, copied 10\d(\.\d+)?M\)$/m);
      expect(await advice()).toBeUndefined();
      write(host, { a: box, b: box, c: box, d: box }, more);
      await host.baleine(['apply', '-y', '--quiet', '-f', file]);
      expect(await advice()).toMatch(
        /^warn pool none: it would save the 4\d\d(\.\d+)?M that 4 containers take as copies of large images\n → baleine pool create --size 50G # /,
      );
      await host.baleine(['destroy', '-y', '--quiet', '-f', file]);
    }),
    120_000,
  );
});
