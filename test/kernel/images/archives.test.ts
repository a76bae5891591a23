import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { type Member, tarOf } from '../host/archives.js';
import { sha256, writeLayout } from './layout.js';

const skip = lackingAny('tar', 'gzip', 'bzip2', 'xz', 'zstd');

const layer = (name: string) => tarOf([{ name, text: name }]);
const packed = (program: string, data: Buffer) => execFileSync(program, ['-c'], { input: data });

/** Imports an archive and returns the names of the files in its image. */
async function imported(host: PrivateHost, archive: string): Promise<string[]> {
  const out = join(host.dir, 'out.tar');
  await host.baleine(['image', 'import', archive, 'x', '--size', '32M']);
  await host.baleine(['image', 'export', 'x', out, '--format', 'tar']);
  const names = execFileSync('tar', ['-tf', out], { encoding: 'utf8' }).split('\n');
  await host.baleine(['image', 'rm', 'x']);
  execFileSync('rm', ['-r', out, archive]);
  return names.filter((name) => name !== '' && name !== './').map((name) => name.slice(2));
}

function dockerArchive(
  host: PrivateHost,
  members: Member[],
  { names, contents }: { names: string[] | null; contents: Buffer[] },
): string {
  const config = JSON.stringify({ rootfs: { diff_ids: contents.map(sha256) }, config: null });
  const manifest = [{ Config: '/c.json', RepoTags: null, Layers: names }];
  const archive = join(host.dir, 'image.tar');
  const all = [
    ...members,
    { name: './c.json', text: config },
    { name: 'manifest.json', text: JSON.stringify(manifest) },
  ];
  writeFileSync(archive, tarOf(all));
  return archive;
}

describe.skipIf(skip)('an archive of Docker’s', () => {
  it(
    'is read with any compression and naming of its layers',
    inPrivateHost(async (host) => {
      const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(layer) as [Buffer, Buffer, Buffer, Buffer];
      const members: Member[] = [
        { name: 'blobs/sha256/a', text: packed('gzip', a) },
        { name: './b/layer.tar', text: packed('bzip2', b) },
        { name: 'c.tar.xz', text: packed('xz', c) },
        { name: 'd', text: packed('zstd', d) },
        { name: 'empty', text: '' },
        { name: 'again/layer.tar', type: '2', link: '../b/layer.tar' },
        { name: 'same', type: '1', link: './b/layer.tar' },
      ];
      const names = ['./blobs/sha256/a', 'b/layer.tar', '/c.tar.xz', 'd', 'empty'];
      const archive = dockerArchive(host, members, {
        names: [...names, 'again/layer.tar', 'same', 'd'],
        contents: [a, b, c, d, Buffer.alloc(0), b, b, d],
      });
      expect(await imported(host, archive)).toEqual(['a', 'b', 'c', 'd']);
    }),
  );

  it(
    'may have no layers, or more than Docker makes',
    inPrivateHost(async (host) => {
      const none = dockerArchive(host, [], { names: null, contents: [] });
      expect(await imported(host, none)).toEqual([]);
      const names = Array.from({ length: 140 }, (_, at) => `n${String(at).padStart(3, '0')}`);
      const archive = dockerArchive(
        host,
        names.map((name) => ({ name, text: layer(name) })),
        { names, contents: names.map(layer) },
      );
      expect(await imported(host, archive)).toEqual(names);
    }),
  );

  it(
    'may be older than Docker 1.10',
    inPrivateHost(async (host) => {
      const [top, base] = ['1'.repeat(64), '2'.repeat(64)];
      const archive = join(host.dir, 'old.tar');
      const members = [
        { name: 'repositories', text: JSON.stringify({ app: { latest: top } }) },
        { name: `${base}/json`, text: JSON.stringify({ id: base }) },
        { name: `${base}/layer.tar`, text: tarOf([{ name: 'gone' }, { name: 'kept' }]) },
        { name: `${top}/json`, text: JSON.stringify({ id: top, parent: base }) },
        { name: `${top}/layer.tar`, text: tarOf([{ name: '.wh.gone' }, { name: 'new' }]) },
      ];
      writeFileSync(archive, tarOf(members));
      expect(await imported(host, archive)).toEqual(['kept', 'new']);
    }),
  );
});

describe.skipIf(skip)('an archive that cannot be read', () => {
  it.each<[string, (host: PrivateHost) => string, RegExp]>([
    ['a pipe', ({ dir }) => made('mkfifo', join(dir, 'x')), /it is a named pipe/],
    ['an endless device', () => '/dev/zero', /it is a device/],
    [
      'an extended header of 2 GiB',
      ({ dir }) => {
        const header = tarOf([{ name: 'x', type: 'x' }]).subarray(0, 512);
        header.write('20000000000', 124, 'latin1');
        return written(join(dir, 'x'), packed('gzip', checksummed(header)));
      },
      /cannot import .*tar: /,
    ],
    [
      'a manifest nested without end',
      ({ dir }) => written(join(dir, 'x'), tarOf([{ name: 'manifest.json', text: DEEP }])),
      /manifest\.json is nested more than 100 levels deep/,
    ],
    [
      'names that act on a terminal',
      ({ dir }) => {
        const manifest = [{ Config: '\x1b[2J\n\u202e', Layers: [] }];
        const member = { name: 'manifest.json', text: JSON.stringify(manifest) };
        return written(join(dir, 'x'), tarOf([member]));
      },
      /it has no \\u001b\[2J\\u000a\\u202e/,
    ],
  ])('is refused: %s', (_name, make, why) =>
    inPrivateHost(async (host) => {
      const archive = make(host);
      const { code, stderr } = await host.baleine(['image', 'import', archive, 'x'], {
        reject: false,
      });
      expect(code).toBe(1);
      expect(stderr).toMatch(why);
      expect(JSON.parse((await host.baleine(['image', 'list', '--json'])).stdout)).toEqual([]);
    })(),
  );
});

const DEEP = '['.repeat(4_000_000);

function made(program: string, path: string): string {
  execFileSync(program, [path]);
  return path;
}

function written(path: string, data: Buffer): string {
  writeFileSync(path, data);
  return path;
}

/** Corrects the checksum of a tar header (tar(5)). */
function checksummed(header: Buffer): Buffer {
  header.write(' '.repeat(8), 148, 'latin1');
  const sum = header.reduce((all, each) => all + each, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

it.skipIf(skip)(
  'an image layout with several platforms at its top level provides this host’s',
  inPrivateHost(async (host) => {
    const layout = writeLayout(join(host.dir, 'layout'), [{ blob: layer('ours') }]);
    const index = JSON.parse(
      execFileSync('cat', [join(layout, 'index.json')], { encoding: 'utf8' }),
    );
    const other = writeLayout(join(host.dir, 'other'), [{ blob: layer('other') }]);
    const [foreign] = JSON.parse(
      execFileSync('cat', [join(other, 'index.json')], { encoding: 'utf8' }),
    ).manifests;
    execFileSync('cp', ['-r', join(other, 'blobs'), layout]);
    const manifests = [
      { ...foreign, platform: { os: 'linux', architecture: 's390x' } },
      ...index.manifests,
    ];
    writeFileSync(join(layout, 'index.json'), JSON.stringify({ ...index, manifests }));
    expect(await imported(host, layout)).toEqual(['ours']);
  }),
);
