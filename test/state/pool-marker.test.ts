import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { installPaths } from '../../src/model/install-paths.js';
import { type PoolMarker, poolMarkerFile } from '../../src/model/pool.js';
import { bindRoot } from '../../src/state/bind-root.js';
import { locateInstallation, noteUnmounted } from '../../src/state/installation.js';
import { readMarker, writeMarker } from '../../src/state/pool-marker.js';

let root: string;
beforeEach(async () => {
  root = join(mkdtempSync(join(tmpdir(), 'pool-')), 'root');
  mkdirSync(root);
  await bindRoot(root);
});
afterEach(() => rmSync(join(root, '..'), { recursive: true, force: true }));

const marker = (): PoolMarker => ({
  ...{ root, uuid: '0e3c2a4e-6bb1-4d0e-a5c5-9d1d0b1d2a3f' },
  source: { file: `${root}.pool` },
});

it('is read as it was written', async () => {
  const path = poolMarkerFile(root);
  expect(readMarker(path)).toBeUndefined();
  const all: PoolMarker[] = [
    marker(),
    { ...marker(), source: { device: '/dev/sdb' }, phase: 'moved' },
    { ...marker(), preallocated: true, phase: 'left' },
  ];
  for (const each of all) {
    await writeMarker(root, path, each);
    expect(readMarker(path)).toEqual(each);
  }
});

it('is refused if it was cut or edited, or is of a later release', async () => {
  const path = poolMarkerFile(root);
  const good = { format: 1, ...marker() };
  for (const bad of [
    ...['', '{', 'null', '7', JSON.stringify(good).slice(0, -3)],
    ...[
      { ...good, format: 2 },
      { ...good, uuid: '../x' },
      { ...good, source: { file: 1 } },
      { ...good, source: { file: '/a', device: '/b' } },
      { ...good, source: { folder: '/a' } },
      { ...good, phase: 'begun' },
      { ...good, root: undefined },
    ].map((each) => JSON.stringify(each)),
  ]) {
    writeFileSync(path, bad);
    expect(() => readMarker(path), bad).toThrow(/^cannot trust .*pool\.json: it was cut or edited/);
  }
});

it('keeps its root from being used while the pool is not mounted', async () => {
  expect(locateInstallation(root)).toEqual(installPaths(root));
  await writeMarker(root, poolMarkerFile(root), marker());
  expect(() => locateInstallation(root)).toThrow(`cannot use ${root}: its pool is not mounted`);
  noteUnmounted(root, new Error('cannot mount it: gone'));
  expect(() => locateInstallation(root)).toThrow('cannot mount it: gone');
  rmSync(poolMarkerFile(root));
  expect(locateInstallation(root)).toEqual(installPaths(root));
});
