import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linuxHost } from '../../../src/app/linux-host.js';
import { linuxDisks } from '../../../src/host/linux/disks/index.js';
import { largeFiles } from '../../../src/host/linux/disks/scratch.js';
import { withUnpackSandbox } from '../../../src/host/linux/images/unpack-sandbox.js';
import { imageHandlers } from '../../../src/kinds/image/handlers.js';
import type { ForeignFrom } from '../../../src/model/config.js';
import type { InstallPaths } from '../../../src/model/install-paths.js';
import { difference, type Snapshot, snapshot } from '../../support/leaks.js';
import { lackingAny } from '../../support/skip.js';
import { type Member, tarOf } from '../host/archives.js';
import { temporaryInstallation } from '../host/machinery.js';
import { type Layer, sha256, writeLayout } from './layout.js';
import { listing } from './tree.js';

const skip = lackingAny('getfattr');

const MiB = 2 ** 20;
const MARK: Member = { name: 'mark', text: 'whole' };
let paths: InstallPaths;
let remove: () => void;
let before: Snapshot;
let victims: Record<string, string>;
const at = (...names: string[]) => join(paths.root, ...names);
const image = () => at('images/x.img');

beforeEach(async () => {
  ({ paths, remove } = temporaryInstallation());
  for (const name of ['images', 'victim']) mkdirSync(at(name));
  writeFileSync(at('victim/file'), 'mine', { mode: 0o640 });
  victims = listing(at('victim'));
  before = await snapshot({ root: paths.root });
});

/** In any case the victim is unchanged, and nothing unfinished is left. */
afterEach(async () => {
  const left = difference(before, await snapshot({ root: paths.root }));
  const [seen, files] = [listing(at('victim')), readdirSync(at('images'))];
  const scratch = existsSync(largeFiles(paths).dir);
  const loops = execFileSync('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE'], {
    encoding: 'utf8',
  });
  const root = paths.root;
  remove();
  expect(seen).toEqual(victims);
  expect(files.filter((name) => name !== 'x.img')).toEqual([]);
  expect(scratch).toBe(false);
  expect(left.filter((line) => !line.includes(': file '))).toEqual([]);
  expect(loops).not.toContain(root);
});

/** Inspects and builds an image, as planner and executor do. */
async function build(from: ForeignFrom, size = 32 * MiB): Promise<void> {
  const host = linuxHost(paths);
  const origin = await host.images.inspect(from, size);
  const handler = imageHandlers(host)['image.build'];
  if (!('one' in handler)) throw new Error('images are built one by one');
  const none = { copy: [], run: [], environment: {} };
  await handler.one({ id: 'shop.web', file: image(), size, from, origin, ...none });
}

async function content(): Promise<Record<string, string>> {
  const disks = linuxDisks();
  await disks.ensureMounted(image(), at('look'));
  try {
    return listing(at('look'));
  } finally {
    await disks.ensureUnmounted(at('look'));
  }
}

/** A layout with correct digests and sizes of hostile layers. */
function layersOf(...members: Member[][]): ForeignFrom {
  const layers = members.map((each) => ({ blob: tarOf(each) }));
  return { oci: { path: writeLayout(at('oci'), layers) } };
}

describe.skipIf(skip)('layers that reach out of their tree', () => {
  const outside = () => `${'../'.repeat(20)}${at('victim')}`;
  const link = (name: string, target: string): Member => ({ name, type: '2', link: target });
  const cases: [string, () => Member[][]][] = [
    ['a name with ..', () => [[{ name: `${outside()}/file`, text: 'theirs' }]]],
    ['an absolute name', () => [[{ name: at('victim/file'), text: 'theirs' }]]],
    [
      'a link, then a file through it',
      () => [[link('l', at('victim')), { name: 'l/file', text: 'theirs' }]],
    ],
    [
      'a link in a lower layer, a file in the upper',
      () => [[link('l', outside())], [{ name: 'l/file', text: 'theirs' }]],
    ],
    [
      'a link to a file, then that file',
      () => [[link('f', at('victim/file'))], [{ name: 'f', text: 'theirs' }]],
    ],
    [
      'links in a chain',
      () => [[link('a', '..'), link('b', `a${at('victim')}`), { name: 'b/file', text: 'theirs' }]],
    ],
    [
      'a hard link to an absolute name',
      () => [
        [
          { name: 'h', type: '1', link: at('victim/file') },
          { name: 'h', text: 'theirs' },
        ],
      ],
    ],
    ['a hard link with ..', () => [[{ name: 'h', type: '1', link: `${outside()}/file` }]]],
    [
      'a hard link through a link',
      () => [[link('l', at('victim')), { name: 'h', type: '1', link: 'l/file', mode: 0o4777 }]],
    ],
    ['a whiteout through a link', () => [[link('l', at('victim'))], [{ name: 'l/.wh.file' }]]],
    ['a whiteout with ..', () => [[{ name: `${outside()}/.wh.file` }]]],
    ['a whiteout of the parent', () => [[{ name: '.wh...' }]]],
    ['a whiteout of itself', () => [[{ name: '.wh..' }]]],
    [
      'an opaque folder that is a link',
      () => [[link('l', at('victim'))], [{ name: 'l/.wh..wh..opq' }]],
    ],
    [
      'a folder where a link was',
      () => [[link('l', at('victim'))], [{ name: 'l', type: '5', mode: 0o777, uid: 7 }]],
    ],
    ['a root that is a link', () => [[link('.', at('victim')), { name: 'file', text: 'theirs' }]]],
    [
      'an owner set through a link',
      () => [[{ ...link('l', at('victim/file')), uid: 7, mode: 0o777 }]],
    ],
  ];
  it.each(cases)('%s', async (_name, members) => {
    const error = await build(layersOf([MARK], ...members())).catch((each: Error) => each);
    if (error) expect(existsSync(image())).toBe(false);
    else expect(await content()).toHaveProperty('mark');
    if (error) expect(error.message).toMatch(/^cannot unpack the image in /);
  });

  it('leaves device nodes out', async () => {
    const devices: Member[] = [
      { name: 'disk', type: '4' },
      { name: 'dir', type: '5', mode: 0o755 },
      { name: 'dir/mem', type: '3' },
    ];
    await build(layersOf([MARK, ...devices]));
    expect(Object.keys(await content()).filter((name) => name !== 'lost+found')).toEqual([
      '.',
      'dir',
      'mark',
    ]);
  });
});

it('unpacks in a sandbox with only the host’s programs, read-only', async () => {
  const tree = at('victim');
  await withUnpackSandbox(tree, async ({ enter }) => {
    const inside = (...words: string[]) => {
      const [program = '', ...args] = [...enter, ...words];
      return spawnSync(program, args, { encoding: 'utf8' });
    };
    const names = inside('/usr/bin/ls', '/').stdout.split('\n').filter(Boolean);
    const system = ['usr', 'bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];
    expect(names.filter((name) => !system.includes(name))).toEqual(['proc', 'tree']);
    expect(inside('/usr/bin/ls', '/proc').stdout).toBe('');
    expect(inside('/usr/bin/ls', '/tree').stdout).toBe('file\n');
    expect(inside('/usr/bin/touch', '/usr/mine').stderr).toMatch(/Read-only file system/);
  });
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(tree);
});

describe.skipIf(skip)('images that lie', () => {
  const blob = tarOf([MARK]);
  const packed = gzipSync(blob);
  const bomb = Buffer.alloc(200 * MiB, 'x');
  const long = tarOf([{ name: 'long', text: 'x'.repeat(1000) }]).subarray(0, 700);
  const GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
  const bad = '0'.repeat(64);

  const cases: [string, Layer, RegExp][] = [
    [
      'a layer of another digest',
      { blob, digest: `sha256:${bad}`, content: blob },
      /a layer has digest/,
    ],
    ['a layer longer than it says', { blob, size: 10 }, /another size than 10 bytes/],
    [
      'a layer shorter than it says',
      { blob, size: blob.length + 1 },
      /another size than \d+ bytes/,
    ],
    ['another content than the config says', { blob, content: sha256('x') }, /a layer has digest/],
    [
      'another content than the config says, packed',
      { blob: packed, content: sha256('x') },
      /a layer has digest/,
    ],
    [
      'a truncated gzip',
      { blob: packed.subarray(0, -20), content: blob, mediaType: GZIP },
      /: gzip: .*unexpected end of file/,
    ],
    [
      'no gzip at all',
      { blob: Buffer.from('\x1f\x8bnonsense', 'latin1'), content: blob },
      /: gzip: .*unknown method/,
    ],
    ['a truncated tar', { blob: long }, /EOF/i],
    [
      'a digest that is a path',
      { blob, digest: `sha256:../../../victim/file` },
      /its manifest has a format that baleine does not know/,
    ],
    [
      'a content digest that is a path',
      { blob, content: 'sha256:../../../victim/file' },
      /diff_ids/,
    ],
  ];
  it.each(cases)('%s', async (_name, layer, why) => {
    const from = { oci: { path: writeLayout(at('oci'), [layer]) } };
    await expect(build(from)).rejects.toThrow(why);
    expect(existsSync(image())).toBe(false);
  });

  it('stops a bomb in a layer at the size of the image', async () => {
    const inside = tarOf([{ name: 'zero', text: bomb.toString('latin1') }]);
    const layer = { blob: gzipSync(inside), content: inside, mediaType: GZIP };
    const from = { oci: { path: writeLayout(at('oci'), [layer]) } };
    await expect(build(from)).rejects.toThrow(
      /No space left on device|Wrote only|unpacks to more than/,
    );
  });

  it('stops a bomb that is the whole archive', async () => {
    writeFileSync(at('bomb.tar.gz'), gzipSync(bomb));
    const bombed = build({ docker: { path: at('bomb.tar.gz') } });
    await expect(bombed).rejects.toThrow(/cannot unpack .*No space left on device/);
  });

  it('refuses a truncated archive, plain and compressed', async () => {
    const layout = writeLayout(at('oci'), [{ blob }]);
    execFileSync('tar', ['-C', layout, '-czf', at('o.tgz'), '.']);
    const whole = readFileSync(at('o.tgz'));
    writeFileSync(at('cut.tgz'), whole.subarray(0, whole.length - 30));
    await build({ oci: { path: at('o.tgz') } });
    rmSync(image());
    await expect(build({ oci: { path: at('cut.tgz') } })).rejects.toThrow(/cannot unpack/);
  });

  it('refuses an archive whose names lead outside', async () => {
    const name = `${'../'.repeat(20)}${at('victim/file')}`;
    for (const transport of ['docker', 'oci'] as const) {
      writeFileSync(at('names.tar'), tarOf([{ name, text: 'theirs' }]));
      const from = { [transport]: { path: at('names.tar') } } as unknown as ForeignFrom;
      await expect(build(from)).rejects.toThrow(/cannot use .* it has no (manifest|index)\.json/);
    }
  });

  it.each<[string, Partial<Member>, RegExp]>([
    ['other content than its config says', { text: tarOf([]).toString('latin1') }, /has digest/],
    ['a link out for a layer', { type: '2', link: '/etc/passwd' }, /it has no l\/layer\.tar/],
    ['a folder for a layer', { type: '5', text: '' }, /has digest/],
    ['a layer that is cut off', { text: blob.toString('latin1', 0, 600) }, /has digest/],
  ])('refuses an archive of Docker’s with %s', async (_name, lie, why) => {
    const rootfs = { diff_ids: [sha256(blob)] };
    const config = JSON.stringify({ config: { Cmd: ['x'] }, rootfs });
    const manifest = [{ Config: 'c.json', RepoTags: null, Layers: ['l/layer.tar'] }];
    const archive = (layer: Partial<Member>) =>
      tarOf([
        { name: 'l/layer.tar', text: blob.toString('latin1'), ...layer },
        { name: 'c.json', text: config },
        { name: 'manifest.json', text: JSON.stringify(manifest) },
      ]);
    const from = { docker: { path: at('docker.tar') } };
    writeFileSync(at('docker.tar'), archive(lie));
    await expect(build(from)).rejects.toThrow(why);
    expect(existsSync(image())).toBe(false);
    writeFileSync(at('docker.tar'), archive({}));
    await build(from);
    expect(await content()).toHaveProperty('mark');
  });

  it('refuses an invalid image config', async () => {
    const from = { oci: { path: writeLayout(at('oci'), [{ blob }], { Cmd: 'sh' }) } };
    await expect(build(from)).rejects.toThrow(/cannot use .* Cmd is not a list of texts/);
  });

  it('refuses an image that has changed since the plan', async () => {
    const host = linuxHost(paths);
    const from = { oci: { path: writeLayout(at('oci'), [{ blob }]) } };
    const origin = await host.images.inspect(from);
    rmSync(at('oci'), { recursive: true });
    writeLayout(at('oci'), [{ blob: tarOf([{ name: 'other', text: 'x' }]) }]);
    const building = linuxDisks().create(image(), 32 * MiB, (tree) =>
      host.images.unpack(from, origin, tree),
    );
    await expect(building).rejects.toThrow(/it has changed since the plan was made/);
  });

  it('reports what is missing', async () => {
    await expect(build({ docker: { path: at('gone') } })).rejects.toThrow(/gone: no such file/);
    expect(statSync(at('victim')).isDirectory()).toBe(true);
  });
});
