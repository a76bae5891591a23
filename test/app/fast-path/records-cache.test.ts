import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { cacheRecords, loadCachedRecords } from '../../../src/app/fast-path/records-cache.js';
import { type InstallPaths, stateCacheFile } from '../../../src/model/install-paths.js';
import { openState, type State } from '../../../src/state/state.js';
import { openStore } from '../../../src/state/store.js';
import { longRow, makeInstallation, rowOf, TABLES } from '../../state/sample.js';

let paths: InstallPaths;
let state: State;

beforeEach(async () => {
  const { root } = makeInstallation();
  paths = { root, run: `${root}/../run`, tag: 'x' };
  const store = openStore(paths, TABLES);
  for (const each of [rowOf('image', 'a'), rowOf('container', 'b'), longRow('c')])
    await store.put(each);
  vi.useFakeTimers({ now: Date.now() + 3000, toFake: ['Date'] });
  state = openState(paths, TABLES);
  return () => vi.useRealTimers();
});

it('equals the tables', () => {
  cacheRecords(paths, state);
  const { rows, serial, fingerprint } = state;
  expect(loadCachedRecords(paths, TABLES)).toMatchObject({ rows, serial, fingerprint });
  expect(rows).toHaveLength(3);
});

it('is readable by its owner only', () => {
  cacheRecords(paths, state);
  expect(statSync(stateCacheFile(paths)).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(stateCacheFile(paths))).mode & 0o777).toBe(0o700);
});

it('caches nothing of tables that were just written', () => {
  cacheRecords(paths, { ...state, fingerprint: undefined });
  expect(existsSync(stateCacheFile(paths))).toBe(false);
});

describe('parses again', () => {
  it('if nothing was cached', () => expect(loadCachedRecords(paths, TABLES)).toBeUndefined());

  it('is ignored after a write, and while a table is recent', async () => {
    cacheRecords(paths, state);
    await openStore(paths, TABLES).drop('container', 'shop', 'b');
    expect(loadCachedRecords(paths, TABLES)).toBeUndefined();
    vi.setSystemTime(0);
    expect(loadCachedRecords(paths, TABLES)).toBeUndefined();
  });

  it.each<[string, (text: string) => string]>([
    ['is cut off', (text) => text.slice(0, -9)],
    ['is empty', () => ''],
    ['is null', () => 'null'],
    ['is of another build', (text) => text.replace('"build":"', '"build":"other ')],
  ])('if the cached file %s', (_what, spoil) => {
    cacheRecords(paths, state);
    writeFileSync(stateCacheFile(paths), spoil(readFileSync(stateCacheFile(paths), 'utf8')));
    expect(loadCachedRecords(paths, TABLES)).toBeUndefined();
  });
});
