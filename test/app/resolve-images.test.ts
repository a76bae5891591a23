import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import type { Context } from '../../src/app/context.js';
import { resolveImages } from '../../src/app/resolve-images.js';
import { loadConfig } from '../../src/formats/load.js';
import type { ForeignFrom } from '../../src/model/config.js';
import type { Row } from '../../src/model/resource.js';
import type { ImageOrigin } from '../../src/model/specs.js';

const directory = mkdtempSync(join(tmpdir(), 'origins-'));
const archive = join(directory, 'a.tar');
afterAll(() => rmSync(directory, { recursive: true }));

let asked: ForeignFrom[];
let found: ImageOrigin;
let broken: Error | undefined;
beforeEach(() => {
  asked = [];
  broken = undefined;
  context.unresolvedImages = undefined;
  found = { layers: 'l1', image: 'i1', bytes: 100, config: { environment: {} } };
  writeFileSync(archive, 'one');
});

const context = {
  buildArgs: {},
  inspectImage: async (from: ForeignFrom) => {
    asked.push(from);
    if (broken) throw broken;
    return found;
  },
} as unknown as Context;

const configOf = (image: string) =>
  loadConfig({
    file: 'baleine.yaml',
    text: `name: s\nimages:\n  a: ${image}\n  b: { from: { tar: ./x } }\n`,
    env: {},
    directory,
  });

const rowOf = (origin: ImageOrigin | undefined, from: ForeignFrom) =>
  ({ kind: 'image', stack: 's', name: 'a', spec: { from, origin } }) as Row;

async function resolve(image: string, rows: Row[] = []): Promise<ImageOrigin | undefined> {
  return (await resolveImages(context, configOf(image), rows)).a;
}

const DOCKER = '{ from: { docker: ./a.tar } }';
const docker = { docker: { path: archive } };
const REGISTRY = '{ from: { registry: x:1 } }';
const registry = { registry: 'x:1' };

it('inspects an archive once, and again after a change', async () => {
  const first = await resolve(DOCKER);
  expect(first).toMatchObject({ layers: 'l1', fingerprint: expect.any(String) });
  expect(asked).toEqual([docker]);
  expect(await resolve(DOCKER, [rowOf(first, docker)])).toBe(first);
  expect(asked).toHaveLength(1);
  writeFileSync(archive, 'two');
  found = { ...found, image: 'i2', bytes: 900 };
  const again = await resolve(DOCKER, [rowOf(first, docker)]);
  expect(again).toMatchObject({ image: 'i2', bytes: 100 });
  found = { ...found, layers: 'l2' };
  expect(await resolve(DOCKER, [rowOf(first, docker)])).toMatchObject({ bytes: 900 });
  expect(asked).toHaveLength(3);
});

it('inspects again if the file names another source or nothing is recorded', async () => {
  const first = await resolve(DOCKER);
  await resolve(DOCKER, [rowOf(first, { docker: { path: '/other' } })]);
  await resolve(DOCKER, [rowOf(undefined, docker)]);
  await resolve(DOCKER, [{ ...rowOf(first, docker), stack: 'other' }]);
  expect(asked).toHaveLength(4);
});

it('asks a registry according to `pull`', async () => {
  const known = { ...found, manifest: 'sha256:1' };
  const rows = [rowOf(known, registry)];
  expect(await resolve(REGISTRY, rows)).toBe(known);
  expect(await resolve('{ from: { registry: x:1 }, pull: never }', rows)).toBe(known);
  expect(asked).toEqual([]);
  await resolve('{ from: { registry: x:1 }, pull: always }', rows);
  await resolve(REGISTRY);
  expect(asked).toEqual([registry, registry]);
});

it('does not fetch with pull: never', async () => {
  await expect(resolve('{ from: { registry: x:1 }, pull: never }')).rejects.toThrow(
    /^baleine\.yaml:3:\d+: x:1 is not on this host, and pull: never forbids to fetch it$/,
  );
  expect(asked).toEqual([]);
});

it('keeps the recorded origin of an image that cannot be inspected, and collects the error', async () => {
  const known = { ...found, manifest: 'sha256:1' };
  const rows = [rowOf(known, registry)];
  const always = '{ from: { registry: x:1 }, pull: always }';
  broken = new Error('no end after 15s');
  await expect(resolve(always, rows)).rejects.toThrow(broken);
  context.unresolvedImages = new Map();
  expect(await resolve(always, rows)).toBe(known);
  expect([...context.unresolvedImages]).toEqual([['a', broken]]);
  // a source that changed, and one that nothing is known of
  writeFileSync(archive, 'another');
  expect(await resolve(DOCKER, [rowOf({ ...found, fingerprint: 'f' }, docker)])).toMatchObject({
    fingerprint: 'f',
  });
  await expect(resolve(always)).rejects.toThrow(broken);
  await expect(resolve(always, [rowOf(known, { registry: 'y:1' })])).rejects.toThrow(broken);
});

it('leaves a build that was never made to apply, if the plan is only shown', async () => {
  const DOCKERFILE = '{ from: { dockerfile: { context: ./app } } }';
  const later = { ...context, buildsLater: true, host: async () => ({ images: { checkBuild } }) };
  let checked = 0;
  const checkBuild = async () => void checked++;
  const origins = await resolveImages(later as unknown as Context, configOf(DOCKERFILE), []);
  expect(origins.a).toMatchObject({ unbuilt: true, config: { command: ['(known after build)'] } });
  expect([asked, checked]).toEqual([[], 1]);
  mkdirSync(join(directory, 'app'));
  expect(await resolve(DOCKERFILE)).toMatchObject({ layers: 'l1' });
});
