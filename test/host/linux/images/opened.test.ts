import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Blobs } from '../../../../src/host/linux/images/blobs.js';
import { openDocker } from '../../../../src/host/linux/images/docker-archive.js';
import { openLayout } from '../../../../src/host/linux/images/oci-layout.js';
import { ARCHITECTURE } from '../../../../src/host/linux/images/platform.js';

const WHAT = 'the image in x';
const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

function blobsOf(files: Record<string, string>): Blobs {
  return {
    size: (name) => (Object.hasOwn(files, name) ? Buffer.byteLength(files[name] ?? '') : undefined),
    open: async function* (name) {
      yield Buffer.from(files[name] ?? '');
    },
  };
}

const configOf = (command: string, layers = [sha256('layer')]) =>
  JSON.stringify({
    ...{ os: 'linux', architecture: ARCHITECTURE },
    config: { Cmd: [command] },
    rootfs: { diff_ids: layers },
  });

describe('the output of docker save', () => {
  const saved = (...all: object[]) =>
    blobsOf({
      'manifest.json': JSON.stringify(all),
      'a.json': configOf('a'),
      'b.json': configOf('b'),
      'l/layer.tar': 'layer',
      'l.tar.gz': 'packed',
    });
  const entry = (name: string, tags: string[] | null, layer = 'l/layer.tar') => ({
    ...{ Config: `${name}.json`, RepoTags: tags, Layers: [layer] },
  });
  const open = (reference: string | undefined, ...all: object[]) =>
    openDocker(saved(...all), reference, WHAT);

  it('is read', async () => {
    const { image, foreign, layers } = await open(undefined, entry('a', null));
    expect(image).toBe(sha256(configOf('a')));
    expect(foreign.config.command).toEqual(['a']);
    expect(layers).toMatchObject([{ bytes: 5, compressed: false, content: sha256('layer') }]);
    const [packed] = (await open(undefined, entry('a', null, 'l.tar.gz'))).layers;
    expect(packed).toMatchObject({ bytes: 6, compressed: true });
  });

  it.each([
    ['b:1', 'b'],
    ['docker.io/library/b:1', 'b'],
    ['team/a', 'a'],
    ['docker.io/team/a:latest', 'a'],
  ])('has several images, of which %s is one', async (reference, command) => {
    const all = [entry('a', ['team/a:latest']), entry('b', ['b:1', 'b:2'])];
    expect((await open(reference, ...all)).foreign.config.command).toEqual([command]);
  });

  it.each<[string, string | undefined, object[], RegExp]>([
    ['none', undefined, [], /there is no image in it/],
    [
      'several and no name',
      undefined,
      [entry('a', ['a:1']), entry('b', null)],
      /more than one image in it/,
    ],
    [
      'none of the name',
      'c',
      [entry('a', ['a:1'])],
      /there is no image of the name c:latest in it/,
    ],
    ['a config that is elsewhere', undefined, [entry('../a', null)], /it has no \.\.\/a\.json/],
    ['a layer that is not there', undefined, [entry('a', null, 'gone')], /it has no gone/],
    ['no list of layers', undefined, [{ Config: 'a.json', Layers: {} }], /not a list of images/],
    ['no layers', undefined, [{ Config: 'a.json', Layers: null }], /0 layers, but 1/],
    [
      'another number of layers',
      undefined,
      [{ ...entry('a', null), Layers: [] }],
      /0 layers, but 1/,
    ],
  ])('is refused with %s', async (_name, reference, all, why) => {
    await expect(open(reference, ...all)).rejects.toThrow(why);
  });
});

describe('an OCI image layout', () => {
  const files: Record<string, string> = {};
  const put = (text: string) => {
    files[`blobs/${sha256(text).replace(':', '/')}`] = text;
    return { digest: sha256(text), size: Buffer.byteLength(text), mediaType: 't+gzip' };
  };
  const manifest = (command: string) =>
    put(JSON.stringify({ config: put(configOf(command)), layers: [put('layer')] }));
  const named = (name: string) => ({ annotations: { 'org.opencontainers.image.ref.name': name } });
  const open = (reference: string | undefined, ...manifests: object[]) =>
    openLayout(blobsOf({ ...files, 'index.json': JSON.stringify({ manifests }) }), reference, WHAT);
  const command = async (...args: Parameters<typeof open>) =>
    (await open(...args)).foreign.config.command;

  it('is read, by name when there are several', async () => {
    const { layers } = await open(undefined, manifest('a'));
    expect(layers).toMatchObject([{ compressed: true, stored: { digest: sha256('layer') } }]);
    const both = [
      { ...manifest('a'), ...named('1') },
      { ...manifest('b'), ...named('2') },
    ];
    expect(await command('2', ...both)).toEqual(['b']);
    await expect(open(undefined, ...both)).rejects.toThrow(
      /there is more than one image for .* in it/,
    );
  });

  it('is resolved to the image for this host', async () => {
    const platform = (architecture: string) => ({ platform: { os: 'linux', architecture } });
    const all = [
      { ...manifest('other'), ...platform('vax') },
      { ...manifest('ours'), ...platform(ARCHITECTURE) },
    ];
    expect(await command(undefined, put(JSON.stringify({ manifests: all })))).toEqual(['ours']);
  });

  it('is refused if a blob does not match its descriptor', async () => {
    const { digest, size } = manifest('a');
    const other = { digest, size: size + 1, mediaType: 't' };
    await expect(open(undefined, other)).rejects.toThrow('digest or size of blobs/sha256/');
    files[`blobs/${digest.replace(':', '/')}`] = 'x'.repeat(size);
    await expect(open(undefined, { digest, size, mediaType: 't' })).rejects.toThrow(
      'digest or size',
    );
  });
});
