import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Blobs } from '../../../../src/host/linux/images/blobs.js';
import { readConfig } from '../../../../src/host/linux/images/config.js';
import type { Descriptor, IndexEntry } from '../../../../src/host/linux/images/manifest.js';
import { manifestForHost } from '../../../../src/host/linux/images/manifest-for-host.js';
import { openLayout } from '../../../../src/host/linux/images/oci-layout.js';
import {
  ARCHITECTURE,
  type Platform,
  platformName,
  rankOf,
} from '../../../../src/host/linux/images/platform.js';

const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const OCI = 'application/vnd.oci.image';
const VAX = { os: 'linux', architecture: 'vax' };
const OURS = { os: 'linux', architecture: ARCHITECTURE };

const files: Record<string, string> = {};

function put(text: string, mediaType: string) {
  files[`blobs/${sha256(text).replace(':', '/')}`] = text;
  return { digest: sha256(text), size: Buffer.byteLength(text), mediaType };
}

/** An image whose command is its name. @param platform the platform in its config */
function image(name: string, platform: Platform = OURS) {
  const config = { ...platform, config: { Cmd: [name] }, rootfs: { diff_ids: [] } };
  const parts = { config: put(JSON.stringify(config), `${OCI}.config.v1+json`), layers: [] };
  return put(JSON.stringify(parts), `${OCI}.manifest.v1+json`);
}

const described = (name: string, platform: Platform) => ({ ...image(name, platform), platform });
const index = (...manifests: object[]) =>
  put(JSON.stringify({ manifests }), `${OCI}.index.v1+json`);
const named = (name: string, entry: object) => ({
  ...entry,
  annotations: { 'org.opencontainers.image.ref.name': name },
});

async function take(manifests: object[], reference?: string): Promise<string | undefined> {
  const all: Record<string, string> = { ...files, 'index.json': JSON.stringify({ manifests }) };
  const blobs: Blobs = {
    size: (name) => (all[name] === undefined ? undefined : Buffer.byteLength(all[name])),
    open: async function* (name) {
      yield Buffer.from(all[name] ?? '');
    },
  };
  return (await openLayout(blobs, reference, 'x')).foreign.config.command?.[0];
}

const ATTESTATION = {
  ...image('attestation', {}),
  platform: { os: 'unknown', architecture: 'unknown' },
  annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
};
const SIGNATURE = { ...put('{}', 'application/vnd.dev.cosign.artifact.sig.v1+json') };

describe('of several images the one for this host is used', () => {
  it.each<[string, object[]]>([
    ['by the platforms of the index', [described('other', VAX), described('ours', OURS)]],
    ['without a system', [described('ours', { architecture: ARCHITECTURE })]],
    ['by their configs', [image('other', VAX), image('ours', OURS)]],
    ['beside attestations and signatures', [ATTESTATION, SIGNATURE, image('ours')]],
    ['in an index in an index', [index(index(described('other', VAX), described('ours', OURS)))]],
    ['in an index of another platform’s', [index(image('other', VAX)), index(image('ours'))]],
    ['listed twice', [named('1', image('ours')), named('2', image('ours'))]],
    ['of one name', [named('1', image('other', VAX)), named('1', image('ours'))]],
    [
      'whatever the others are called',
      [named('1', image('other', VAX)), named('2', image('ours'))],
    ],
    [
      'of two in an index within, the first',
      [index(described('ours', OURS), described('b', OURS))],
    ],
  ])('%s', async (_name, entries) => {
    expect(await take(entries)).toBe('ours');
  });

  it('is named by its digest if it has no other name', async () => {
    const both = [image('ours'), image('b')];
    const error = await take(both).catch((each) => each);
    expect(error.message).toBe(
      `cannot use x: there is more than one image for linux/${ARCHITECTURE} in it`,
    );
    expect(error.hint).toContain(both[1]?.digest);
    expect(await take(both, both[1]?.digest)).toBe('b');
  });

  it('lists the platforms if none is this host’s', async () => {
    const entries = [
      described('a', VAX),
      described('b', { ...VAX, variant: 'v2\x1b[2J' }),
      image('c', { os: 'windows', architecture: ARCHITECTURE }),
      image('d', { os: 'plan9' }),
    ];
    await expect(take(entries)).rejects.toThrow(
      `cannot use x: it has none for linux/${ARCHITECTURE}; ` +
        `there is linux/vax, linux/vax/v2\\u001b[2j, windows/${ARCHITECTURE}, plan9/unknown`,
    );
    await expect(take([ATTESTATION])).rejects.toThrow('there is no image in it');
    await expect(take([image('only', VAX)])).rejects.toThrow('it is for linux/vax, and this host');
  });

  it('is bounded in depth and number of indexes', async () => {
    let deep: object = image('ours');
    for (let depth = 0; depth < 10; depth++) deep = index(deep);
    await expect(take([deep])).rejects.toThrow('indexes in indexes');
    const many = Array.from({ length: 200 }, (_, at) => image(`${at}`, VAX));
    await expect(take(many)).rejects.toThrow('more than 100 images');
  });
});

describe('a WebAssembly module', () => {
  const MODULE = { os: 'wasi', architecture: 'wasm' };
  const both = [described('module', MODULE), described('ours', OURS)];
  const wanted = async (entries: IndexEntry[]) => {
    const read = async ({ digest }: Descriptor) => files[`blobs/${digest.replace(':', '/')}`] ?? '';
    const { text } = await manifestForHost(entries, read, 'x', { wanted: 'wasi/wasm' });
    return (JSON.parse(await read(JSON.parse(text).config)) as { config: { Cmd: string[] } }).config
      .Cmd[0];
  };

  it('is used where there is nothing for this host', async () => {
    expect(await take(both)).toBe('ours');
    expect(await take([image('module', { ...MODULE, architecture: 'wasm32' })])).toBe('module');
    expect(await take([described('other', VAX), described('module', MODULE)])).toBe('module');
  });

  it('is used before an image for this host if it is wanted', async () => {
    expect(await wanted(both)).toBe('module');
    expect(await wanted([image('ours'), image('module', MODULE)])).toBe('module');
    await expect(wanted([described('ours', OURS), described('other', VAX)])).rejects.toThrow(
      `cannot use x: it has none for wasi/wasm; there is linux/${ARCHITECTURE}, linux/vax`,
    );
  });

  it('is no image for this host', () => {
    const text = (platform: Platform) =>
      JSON.stringify({ ...platform, config: {}, rootfs: { diff_ids: [] } });
    expect(readConfig(text(MODULE), 'x', 'wasi/wasm').original.image).toMatchObject(MODULE);
    expect(() => readConfig(text(OURS), 'x', 'wasi/wasm')).toThrow(
      `cannot use x: it is for linux/${ARCHITECTURE}, not for wasi/wasm`,
    );
  });
});

describe.runIf(ARCHITECTURE === 'amd64')('a platform', () => {
  it.each<[Platform, number | undefined]>([
    [{}, 0],
    [{ os: '', architecture: '' }, 0],
    [{ os: 'linux', architecture: 'amd64' }, 0],
    [{ os: 'Linux', architecture: 'x86_64' }, 0],
    [{ architecture: 'amd64', variant: 'v1' }, 0],
    [{ architecture: 'amd64', variant: 'v99' }, undefined],
    [{ architecture: 'amd64', variant: 'odd' }, undefined],
    [{ architecture: 'aarch64' }, undefined],
    [{ os: 'windows', architecture: 'amd64' }, undefined],
    [{ os: 1, architecture: null }, 0],
  ])('%j ranks %j', (platform, rank) => {
    expect(rankOf(platform)).toBe(rank);
  });

  it('has a name', () => {
    expect(platformName({ os: 'linux', architecture: 'arm', variant: 'v7' })).toBe('linux/arm/v7');
    expect(platformName({})).toBe('linux/unknown');
  });
});
