import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { inPrivateHost, MAIN, type PrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { tarOf } from '../host/archives.js';
import { writeLayout } from './layout.js';

const MiB = 2 ** 20;
const good = tarOf([{ name: 'file', text: 'x' }]);

function put(path: string, data: Buffer | string): string {
  writeFileSync(path, data);
  return path;
}

function folder(path: string): string {
  mkdirSync(path);
  return path;
}

/** Possible leftovers of an attempt: unfinished images and scratch files. */
const left = ({ root }: PrivateHost) =>
  ['images', 'scratch'].flatMap((name) =>
    existsSync(join(root, name)) ? readdirSync(join(root, name)) : [],
  );

async function succeeds(host: PrivateHost): Promise<void> {
  const archive = put(join(host.dir, 'good.tar'), good);
  await host.baleine(['image', 'create', 'x', '--size', '16M', '--from-tar', archive]);
  expect(left(host)).toEqual(['_.x.img']);
  await host.baleine(['image', 'rm', 'x']);
  expect(left(host)).toEqual([]);
}

const SOURCES: [string, string[], (host: PrivateHost) => string[], RegExp][] = [
  [
    'a mirror that nobody answers at',
    ['mmdebstrap'],
    () => ['--debian', 'none'],
    /cannot install Debian none/,
  ],
  [
    'a tar file that is cut off',
    [],
    ({ dir }) => [
      '--from-tar',
      put(join(dir, 'cut.tar'), tarOf([{ name: 'a', text: 'x'.repeat(9999) }]).subarray(0, 3000)),
    ],
    /cannot unpack .*cut\.tar: tar: Unexpected EOF/,
  ],
  ['a tar file that is gone', [], () => ['--from-tar', '/gone.tar'], /gone\.tar: no such file/],
  ['a folder that is gone', [], () => ['--from-directory', '/gone'], /\/gone: no such file/],
  ['a program that is gone', [], () => ['--from-host', '/bin/gone'], /\/bin\/gone/],
  [
    'an archive of Docker’s that is cut off',
    [],
    ({ dir }) => [
      '--from-docker',
      put(join(dir, 'cut.tar'), tarOf([{ name: 'manifest.json', text: '[]' }]).subarray(0, 700)),
    ],
    /cannot (read|use) the image in .*cut\.tar/,
  ],
  [
    'a layout whose layer lies',
    [],
    ({ dir }) => [
      '--from-oci',
      writeLayout(join(dir, 'layout'), [{ blob: good, content: Buffer.from('other') }]),
    ],
    /a layer has digest/,
  ],
  [
    'a registry that is gone',
    ['skopeo'],
    () => ['--from-registry', '127.0.0.1:1/gone:1'],
    /cannot read 127\.0\.0\.1:1\/gone:1/,
  ],
  [
    'a Dockerfile that fails',
    ['buildah'],
    ({ dir }) => {
      const context = folder(join(dir, 'context'));
      put(join(context, 'Dockerfile'), 'FROM scratch\nCOPY gone /\n');
      return ['--from-dockerfile', context];
    },
    /cannot build the Dockerfile/,
  ],
];

describe('a failed image leaves nothing, and its name can be used again', () => {
  it.each(SOURCES)('%s', (_name, programs, options, why) =>
    inPrivateHost(async (host) => {
      if (lackingAny(...programs)) return;
      const create = ['image', 'create', 'x', '--size', '16M', ...options(host)];
      for (let attempt = 0; attempt < 2; attempt++) {
        const { code, stderr } = await host.baleine(create, { reject: false });
        expect(code).toBe(1);
        expect(stderr).toMatch(why);
        expect(left(host)).toEqual([]);
      }
      await succeeds(host);
    })(),
  );

  it(
    'when the image is too small, with the size it needs',
    inPrivateHost(async (host) => {
      const tree = folder(join(host.dir, 'tree'));
      put(join(tree, 'large'), Buffer.alloc(20 * MiB, 'x'));
      const create = ['image', 'create', 'x', '--size', '16M', '--from-directory', tree];
      const { code, stderr } = await host.baleine(create, { reject: false });
      expect([code, stderr]).toEqual([1, expect.stringContaining('The image is full at 16M')]);
      await succeeds(host);
    }),
  );

  it(
    'when the host’s own disk is full, which no program reports',
    inPrivateHost(async (host) => {
      await host.run('mkdir', [host.root]);
      await host.run('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', host.root]);
      const tree = folder(join(host.dir, 'tree'));
      put(join(tree, 'large'), Buffer.alloc(40 * MiB, 'x'));
      const create = ['image', 'create', 'x', '--size', '128M', '--from-directory', tree];
      const { code, stderr } = await host.baleine(create, { reject: false });
      expect(code).toBe(1);
      expect(stderr).toMatch(/images\/_\.x\.img: the file system of .*images is full, all 24M/);
      const files = await host.run('find', [join(host.root, 'images'), '-type', 'f']);
      expect(files.stdout).toBe('');
      await host.run('umount', [host.root]);
      await host.run('rmdir', [host.root]);
    }),
  );

  it(
    'when the run was killed: the next one continues',
    inPrivateHost(async (host) => {
      const tree = folder(join(host.dir, 'tree'));
      for (let at = 0; at < 40; at++) put(join(tree, `f${at}`), Buffer.alloc(4 * MiB, `${at}`));
      const create = ['image', 'create', 'x', '--size', '512M', '--from-directory', tree];
      const into = [`--target=${host.pid}`, '--mount', '--net', '--'];
      const node = ['setpriv', '--pdeathsig', 'KILL', '--', process.execPath, MAIN];
      const run = spawn('nsenter', [...into, ...node, '--root', host.root, ...create], {
        stdio: 'ignore',
      });
      const gone = new Promise((resolve) => run.on('exit', resolve));
      const part = join(host.root, 'images/._.x.img.part.tree');
      while (!existsSync(part) && run.exitCode === null) await sleep(5);
      expect(existsSync(part)).toBe(true);
      run.kill('SIGKILL');
      await gone;
      await host.baleine(create);
      expect(left(host)).toEqual(['_.x.img']);
      expect(readFileSync(`/proc/${host.pid}/mounts`, 'utf8')).not.toContain(host.root);
      await host.baleine(['image', 'rm', 'x']);
      expect(left(host)).toEqual([]);
    }),
  );
});
