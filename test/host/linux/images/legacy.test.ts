import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Blobs } from '../../../../src/host/linux/images/blobs.js';
import { openDocker } from '../../../../src/host/linux/images/docker-archive.js';
import { ARCHITECTURE } from '../../../../src/host/linux/images/platform.js';

const sha256 = (text: string | Buffer) =>
  `sha256:${createHash('sha256').update(text).digest('hex')}`;
const [TOP, BASE, OTHER] = ['a', 'b', 'c'].map((each) => each.repeat(64)) as [
  string,
  string,
  string,
];

const PLATFORM = { os: 'linux', architecture: ARCHITECTURE };
const FILES: Record<string, string | Buffer> = {
  repositories: JSON.stringify({ app: { '1': TOP, latest: TOP }, other: { '2': OTHER } }),
  [`${BASE}/json`]: JSON.stringify({ id: BASE, ...PLATFORM }),
  [`${BASE}/layer.tar`]: gzipSync('base'),
  [`${TOP}/json`]: JSON.stringify({
    ...{ id: TOP, parent: BASE, ...PLATFORM },
    config: { Cmd: ['top'], Env: null },
    container_config: { Cmd: ['/bin/sh', '-c', 'make'] },
  }),
  [`${TOP}/layer.tar`]: 'top',
  [`${OTHER}/json`]: JSON.stringify({ id: OTHER, config: { Cmd: ['other'] } }),
  [`${OTHER}/layer.tar`]: '',
};

function open(reference?: string, more: Record<string, string | undefined> = {}) {
  const all: Record<string, string | Buffer | undefined> = { ...FILES, ...more };
  const blobs: Blobs = {
    size: (name) => (all[name] === undefined ? undefined : Buffer.byteLength(all[name])),
    open: async function* (name) {
      yield Buffer.from(all[name] ?? '');
    },
  };
  return openDocker(blobs, reference, 'x');
}

describe('an archive with only `repositories`', () => {
  it.each(['app', 'app:1', 'docker.io/library/app:latest', `sha256:${TOP}`])(
    'has the image %s',
    async (name) => {
      const { foreign, layers } = await open(name);
      expect(foreign.config.command).toEqual(['top']);
      expect(foreign.layers).toEqual([sha256('base'), sha256('top')]);
      expect(layers.map(({ content }) => content)).toEqual(foreign.layers);
    },
  );

  it('has a single one without a name', async () => {
    const alone = JSON.stringify({ other: { '2': OTHER } });
    expect((await open(undefined, { repositories: alone })).foreign.config.command).toEqual([
      'other',
    ]);
  });

  it.each<[string, string | undefined, Record<string, string | undefined>, RegExp]>([
    ['several and no name', undefined, {}, /more than one image in it/],
    ['none of the name', 'gone', {}, /no image of the name gone:latest/],
    ['no JSON', 'app', { [`${BASE}/json`]: undefined }, /it has no b+\/json/],
    ['no layer', 'app', { [`${TOP}/layer.tar`]: undefined }, /it has no a+\/layer\.tar/],
    [
      'a chain without an end',
      'app',
      { [`${BASE}/json`]: JSON.stringify({ parent: TOP }) },
      /more than 500 layers/,
    ],
    ['another platform', 'app', { [`${TOP}/json`]: '{"architecture":"vax"}' }, /linux\/vax/],
  ])('is refused with %s', async (_name, reference, more, why) => {
    await expect(open(reference, more)).rejects.toThrow(why);
  });
});
