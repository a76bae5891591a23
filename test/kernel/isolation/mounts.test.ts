import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { usableRuntimes } from '../../support/runtimes.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { Stack } from '../stack/stack.js';

const inside = (stack: Stack, name: string, script: string) =>
  stack.run('exec', name, '--', 'busybox', 'sh', '-c', script);

/** A folder with a file system mounted in it, and another one mounted in that. */
async function nested(host: PrivateHost): Promise<string> {
  const dir = join(host.dir, 'data');
  for (const path of [dir, join(dir, 'sub'), join(dir, 'sub/deep')]) {
    mkdirSync(path, { recursive: true });
    if (path !== dir) await host.run('mount', ['-t', 'tmpfs', '-o', 'suid,dev', 'below', path]);
    if (path.endsWith('sub')) await host.run('mkdir', [join(path, 'deep')]);
    await host.run('sh', ['-c', `echo there > ${path}/file`]);
  }
  return dir;
}

const FORMS: [form: string, volume: unknown][] = [
  ['short', './data:/data:ro'],
  ['long', { source: './data', target: '/data', read_only: true }],
];

describe.each(usableRuntimes())('%s', (runtime) => {
  it(
    'mounts read-only recursively, in both forms and with mapped ids',
    inPrivateHost(async (host) => {
      const dir = await nested(host);
      const common = { image: 'box', command: IDLE, stop_signal: 'SIGKILL', runtime };
      const forms = FORMS.map(([form, volume]) => [form, { ...common, volumes: [volume] }]);
      const stack = new Stack(host, {
        name: 'ro',
        images: { box: SMALL_IMAGE },
        containers: {
          ...Object.fromEntries(forms),
          mapped: { ...common, volumes: ['./data:/data:ro'], userns: 'auto' },
          writable: { ...common, volumes: ['./data:/data'] },
        },
      });
      await stack.apply();
      for (const name of ['short', 'long', 'mapped']) {
        for (const path of ['/data', '/data/sub', '/data/sub/deep']) {
          const ran = await inside(stack, name, `cat ${path}/file; : > ${path}/new`);
          // with mapped ids, crun 1.8 does not bind submounts
          if (name !== 'mapped' || path === '/data') expect(ran.stdout).toBe('there\n');
          expect({ name, path, said: ran.stderr }).toEqual({
            ...{ name, path },
            said: expect.stringMatching(/Read-only file system|nonexistent directory/),
          });
        }
      }
      const { stdout: made } = await host.run('find', [dir, '-name', 'new']);
      expect(made).toBe('');
      await inside(stack, 'writable', 'echo written > /data/sub/new');
      const { stdout } = await host.run('cat', [join(dir, 'sub/new')]);
      expect(stdout).toBe('written\n');
      const mounts = readFileSync(`/proc/${stack.pids('ro.writable')[0]}/mountinfo`, 'utf8');
      const below = mounts.split('\n').filter((line) => / \/data\/sub/.test(line));
      expect(below.length).toBe(2);
      for (const line of below) expect(line).toMatch(/ [^ ]*nosuid,nodev/);
      await stack.destroy();
      for (const path of ['sub/deep', 'sub']) await host.run('umount', [join(dir, path)]);
    }),
  );

  it(
    'covers no kernel file system, whatever links the image has',
    inPrivateHost(async (host) => {
      const skeleton = join(host.dir, 'skeleton');
      mkdirSync(skeleton);
      symlinkSync('/proc', join(skeleton, 'data'));
      symlinkSync('hop', join(skeleton, 'chain'));
      symlinkSync('../sys/fs', join(skeleton, 'hop'));
      const stack = new Stack(host);
      const file = (container: object) => ({
        name: 'cover',
        images: { box: { ...SMALL_IMAGE, copy: [{ from: './skeleton', to: '/' }] } },
        volumes: { v: {} },
        containers: {
          a: { image: 'box', command: IDLE, stop_signal: 'SIGKILL', runtime, ...container },
        },
      });
      for (const [container, said] of [
        [{ volumes: ['v:/data'] }, /cannot mount anything on \/data: it leads to \/proc$/m],
        [{ volumes: ['v:/chain/cgroup'] }, /on \/chain\/cgroup: it leads to \/sys\/fs\/cgroup$/m],
        [{ tmpfs: ['/data/sys'] }, /on \/data\/sys: it leads to \/proc\/sys$/m],
      ] as const) {
        stack.write(file(container));
        const { code, stderr } = await stack.run('apply', '-y');
        expect(code).toBe(1);
        expect(stderr).toMatch(said);
      }
      expect(stack.pids('cover.a')).toEqual([]);
      await stack.destroy('--volumes').catch(() => stack.destroy());
    }),
  );
});

it(
  'stops no container for a successor that its image cannot start',
  inPrivateHost(async (host) => {
    const skeleton = join(host.dir, 'skeleton');
    mkdirSync(join(skeleton, 'etc'), { recursive: true });
    writeFileSync(join(skeleton, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nweb:x:7:7::/:/bin/sh\n');
    symlinkSync('/proc', join(skeleton, 'data'));
    writeFileSync(join(host.dir, 'plain'), '');
    const file = (container: object) => ({
      name: 'next',
      images: { box: { ...SMALL_IMAGE, copy: [{ from: './skeleton', to: '/' }] } },
      containers: {
        a: { image: 'box', command: IDLE, stop_signal: 'SIGKILL', user: 'web', ...container },
        b: { image: 'box', command: IDLE, stop_signal: 'SIGKILL' },
      },
    });
    const stack = new Stack(host, file({}));
    await stack.apply();
    const before = stack.processes('next.a');
    for (const [container, said] of [
      [{ user: 'wbe' }, /no user wbe in the image’s \/etc\/passwd/],
      [{ working_dir: '/data/self/fd' }, /working_dir \/data\/self\/fd: it leads to \/proc/],
      [{ tmpfs: ['/data'] }, /cannot mount anything on \/data: it leads to \/proc/],
      [{ volumes: ['./plain:/etc'] }, /cannot mount a file on \/etc/],
    ] as const) {
      stack.write(file(container));
      const { code, stderr } = await stack.run('apply', '-y');
      expect(code).toBe(1);
      expect(stderr).toMatch(said);
      expect(stack.processes('next.a')).toEqual(before);
    }
    stack.write(file({}));
    await stack.apply();
    expect(stack.processes('next.a')).toEqual(before);
    expect(existsSync(join(host.dir, 'root', 'images'))).toBe(true);
    await stack.destroy();
  }),
);
