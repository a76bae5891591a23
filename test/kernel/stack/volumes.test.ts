import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { NOTHING, Stack } from './stack.js';

/**
 * A database's image: its data folder, reached through a link, belongs to user 999 and group 998,
 * who may enter it.
 */
const IMAGE = {
  size: '32M',
  from: { host: { binaries: ['/bin/busybox', '/bin/sh', '/usr/bin/setfattr', '/sbin/setcap'] } },
  run: [
    [
      'set -e; umask 022; b=/bin/busybox; d=/srv/real/data',
      '$b mkdir -p $d/sub /var/lib; $b ln -s ../../srv/real /var/lib/db',
      '$b echo first >$d/sub/file; $b cp $b $d/tool; $b ln $d/tool $d/hard; $b ln -s sub/file $d/link',
      '$b mkfifo $d/pipe; $b dd if=/dev/null of=$d/hole bs=1 seek=4194304 2>/dev/null',
      '$b chown -R 999:998 $d; $b chmod 2770 $d; $b chmod 4755 $d/tool',
      'setfattr -n user.note -v kept $d/sub',
    ].join('; '),
  ],
  command: IDLE,
};

const db = (more: object = {}) => ({
  name: 'shop',
  images: { db: IMAGE },
  volumes: { data: {} },
  containers: { db: { image: 'db', user: '999:998', volumes: ['data:/var/lib/db/data'], ...more } },
});

const LINE =
  "cd /var/lib/db/data; busybox stat -c '%n %u:%g %a %F' . sub sub/file tool link pipe; busybox cat link";

const folder = (host: PrivateHost) => join(host.root, 'volumes/shop/data');

async function inside(stack: Stack, line: string, name = 'db'): Promise<string> {
  const { stdout, stderr } = await stack.run('exec', name, '--', 'busybox', 'sh', '-c', line);
  return stdout + stderr;
}

const SEEDED = `. 999:998 2770 directory
sub 999:998 755 directory
sub/file 999:998 644 regular file
tool 999:998 4755 regular file
link 999:998 777 symbolic link
pipe 999:998 644 fifo
first
`;

it.each([{ userns: undefined }, { userns: 'auto' }])(
  'a new volume has what its image has there, which a user other than root may write to: %o',
  ({ userns }) =>
    inPrivateHost(async (host) => {
      const stack = new Stack(host, db(userns ? { userns } : {}));
      expect(await stack.done('plan')).toContain(
        'volume.data will be created (new, seeded from /var/lib/db/data of image db)',
      );
      await stack.apply();
      expect(await inside(stack, LINE)).toBe(SEEDED);
      expect(await inside(stack, 'echo mine >/var/lib/db/data/mine')).toBe('');
      const note = ['--only-values', '-n', 'user.note', join(folder(host), 'sub')];
      expect((await host.run('getfattr', note)).stdout).toBe('kept');
      const stat = ['-c', '%h %b', join(folder(host), 'tool'), join(folder(host), 'hole')];
      expect((await host.run('stat', stat)).stdout).toMatch(/^2 \d+\n1 0\n$/);
      expect(await stack.plan()).toBe(NOTHING);

      // another image, and an emptied volume: it stays as it is
      await inside(stack, 'cd /var/lib/db/data; busybox rm -rf *');
      stack.write(db({ ...(userns && { userns }), environment: { A: '2' } }));
      await stack.apply();
      expect(readdirSync(folder(host))).toEqual([]);
      expect(readdirSync(join(folder(host), '..'))).toEqual(['data']);
      await stack.destroy();
    })(),
);

it(
  'a volume is filled at its first mount that copies, once, and in place',
  inPrivateHost(async (host) => {
    const { containers, ...rest } = db();
    const stack = new Stack(host, rest);
    await stack.apply();
    expect(readdirSync(folder(host))).toEqual([]);

    const plain = { type: 'volume', source: 'data', target: '/var/lib/db/data' };
    const nocopy = { ...plain, volume: { nocopy: true } };
    const first = { image: 'db', volumes: [nocopy] };
    stack.write({ ...rest, containers: { first } });
    await stack.apply();
    expect(await inside(stack, 'busybox ls /var/lib/db/data', 'first')).toBe('');

    stack.write({ ...rest, containers: { first, ...containers } });
    expect(await stack.done('plan')).toContain(
      'volume.data will be updated in-place (seeded from /var/lib/db/data of image db)',
    );
    await stack.apply();
    expect(await inside(stack, LINE)).toBe(SEEDED);
    // the same folder, though it was mounted
    expect(await inside(stack, 'busybox cat /var/lib/db/data/sub/file', 'first')).toBe('first\n');
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);

it(
  'owner and mode are those of the file, when the volume is created and when they change there',
  inPrivateHost(async (host) => {
    const file = (volume: object) => ({ ...db(), volumes: { data: volume } });
    const stack = new Stack(host, file({ owner: 1000, mode: '0750', labels: ['team=a'] }));
    const rights = async (path = '.') =>
      (await host.run('stat', ['-c', '%u:%g %a', join(folder(host), path)])).stdout.trim();
    await stack.apply();
    expect(await rights()).toBe('1000:1000 750');
    expect(await rights('sub/file')).toBe('999:998 644');

    // a program's own change is its own affair
    await host.run('chown', ['7:7', folder(host)]);
    expect(await stack.plan()).toBe(NOTHING);

    stack.write(file({ owner: '999:998', mode: '2770', labels: { team: 'b' } }));
    expect(await stack.plan()).toContain(
      'volume.data will be updated in-place (owner 1000:1000 → 999:998, mode 0750 → 2770, labels {"team":"a"} → {"team":"b"})',
    );
    await stack.apply();
    expect(await rights()).toBe('999:998 2770');
    expect(await stack.plan()).toBe(NOTHING);
    stack.write(file({ owner: '999:998', mode: '2770' }));
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);

    await stack.run('volume', 'create', 'own', '--owner', '5:6', '--mode', '0700', '-l', 'a=b');
    const [own] = JSON.parse((await stack.run('volume', 'inspect', 'own')).stdout);
    expect(own).toMatchObject({ owner: '5:6', mode: '0700', labels: { a: 'b' } });
    const bad = await stack.run('volume', 'create', 'bad', '--owner', 'me');
    expect(bad.stderr).toContain('must be uid or uid:gid in quotes, such as "999:999"');
    await stack.run('volume', 'rm', 'own');
    await stack.destroy();
  }),
  120_000,
);

it(
  '--remove-volumes deletes those that are in the file no more, and says what is lost',
  inPrivateHost(async (host) => {
    const file = (...names: string[]) => ({
      name: 'few',
      images: { box: SMALL_IMAGE },
      volumes: Object.fromEntries(names.map((name) => [name, {}])),
      containers: {
        web: { image: 'box', command: IDLE, volumes: names.map((name) => `${name}:/${name}`) },
      },
    });
    const stack = new Stack(host, file('one', 'two'));
    await stack.apply();
    for (const name of ['one', 'two']) {
      await host.run('touch', [join(host.root, 'volumes/few', name, 'data')]);
    }
    stack.write(file('one'));
    await stack.apply();
    const volumes = () => readdirSync(join(host.root, 'volumes/few'));
    expect(volumes()).toEqual(['one', 'two']);
    expect(await stack.plan('--remove-volumes')).toContain(
      '# volume.two will be destroyed (no longer in the file: 1 file, 0B will be lost)',
    );
    expect((await stack.run('apply', '--remove-volumes')).code, 'nobody to ask').toBe(1);
    expect((await stack.run('apply', '-y', '--remove-volumes', '--stack', 'few')).stderr).toBe(
      'Error: cannot tell which volumes of a recorded stack are in its file no more\n' +
        '  baleine volume rm --stack few NAME removes one.\n',
    );
    expect(volumes()).toEqual(['one', 'two']);
    const borrower = {
      name: 'other',
      images: { box: SMALL_IMAGE },
      volumes: { two: { external: true } },
      containers: { web: { image: 'box', command: IDLE, volumes: ['two:/two'] } },
    };
    const other = new Stack(host, borrower, 'other.yaml');
    await other.apply();
    expect((await stack.run('apply', '-y', '--remove-volumes')).stderr).toMatch(
      /in use by container web of stack other/,
    );
    await other.destroy();
    await stack.apply('--remove-volumes');
    expect(volumes()).toEqual(['one']);
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);
