import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import type { InstallPaths } from '../../src/model/install-paths.js';
import { findCorruption, repairTables } from '../../src/state/repair.js';
import { openState } from '../../src/state/state.js';
import { openStore } from '../../src/state/store.js';
import { makeInstallation, rowOf, TABLES } from './sample.js';

let paths: InstallPaths;
let path: string;
beforeEach(async () => {
  paths = makeInstallation();
  path = join(paths.root, 'images.csv');
  const store = openStore(paths, TABLES);
  for (const name of ['a', 'b', 'c']) await store.put(rowOf('image', name));
});

const names = () => openState(paths, TABLES).rows.map(({ name }) => name);
const damage: [string, () => void][] = [
  ['cut', () => truncateSync(path, 100)],
  ['empty', () => truncateSync(path, 0)],
  ['zeroed', () => writeFileSync(path, Buffer.alloc(500))],
  ['missing', () => rmSync(path)],
];

it('repairs nothing in intact tables, and writes nothing', async () => {
  const before = readFileSync(path);
  expect(findCorruption(paths.root, TABLES)).toEqual([]);
  expect(await repairTables(paths.root, TABLES)).toEqual([]);
  expect(readFileSync(path)).toEqual(before);
});

it.each(damage)(
  'restores a table that is %s from its backup, one write older',
  async (_how, harm) => {
    harm();
    expect(findCorruption(paths.root, TABLES)).toEqual([
      expect.stringContaining(`cannot trust ${path}: `),
    ]);
    expect(await repairTables(paths.root, TABLES)).toEqual([`${path}: 2 rows from its backup`]);
    expect(names()).toEqual(['a', 'b']);
  },
);

it('keeps intact lines if the backup is damaged too', async () => {
  const text = readFileSync(path, 'utf8');
  writeFileSync(`${path}.bak`, '');
  const lines = text.split('\n');
  lines[2] = lines[2]?.replace('ready', 'rea') ?? '';
  writeFileSync(path, lines.join('\n'));
  expect(await repairTables(paths.root, TABLES)).toEqual([`${path}: 2 rows of 3 lines, no backup`]);
  expect(names()).toEqual(['a', 'c']);
});

it('removes the backup with the last row', async () => {
  const store = openStore(paths, TABLES);
  for (const name of ['a', 'b', 'c']) await store.drop('image', 'shop', name);
  expect(existsSync(`${path}.bak`)).toBe(false);
});
