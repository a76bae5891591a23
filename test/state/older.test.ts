import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { DamagedStateError } from '../../src/model/errors.js';
import type { InstallPaths } from '../../src/model/install-paths.js';
import { findCorruption, repairTables } from '../../src/state/repair.js';
import { openState } from '../../src/state/state.js';
import { openStore } from '../../src/state/store.js';
import { trailerOf } from '../../src/state/table.js';
import { LATER } from './every-write.js';
import { longRow, makeInstallation, rowOf, TABLES, textOf } from './sample.js';

let paths: InstallPaths;
let path: (file: string) => string;
beforeEach(async () => {
  paths = makeInstallation();
  path = (file) => join(paths.root, file);
  const store = openStore(paths, TABLES);
  await Promise.all([store.put(longRow('a')), store.put(rowOf('image', 'a'))]);
});

it('reads the state of an earlier release, which lacks a table and a column', () => {
  const before = textOf(paths, 'containers.csv');
  expect(openState(paths, LATER).rows).toEqual(openState(paths, TABLES).rows);
  expect(findCorruption(paths.root, LATER)).toEqual([]);
  expect(textOf(paths, 'containers.csv')).toBe(before);
  expect(existsSync(path('volumes.csv'))).toBe(false);
});

it('is in the current format after the next write', async () => {
  await openStore(paths, LATER).put(rowOf('image', 'b'));
  expect(textOf(paths, 'containers.csv')).toMatch(/^PID;.*;STACK_NAME;STACK;NAME;/);
  for (const { file } of LATER) expect(textOf(paths, file)).toMatch(/ with=volumes\.csv\n$/);
  expect(openState(paths, LATER).rows).toHaveLength(3);
});

it('treats a missing late table as damage once it has existed', async () => {
  await openStore(paths, LATER).put(rowOf('volume', 'data'));
  rmSync(path('volumes.csv'));
  expect(() => openState(paths, LATER)).toThrow(DamagedStateError);
  expect(() => openState(paths, LATER)).toThrow('volumes.csv: it is missing');
  rmSync(path('images.csv'));
  expect(findCorruption(paths.root, LATER)).not.toEqual([]);
});

it('repairs another table without the late one', async () => {
  writeFileSync(path('images.csv'), '');
  expect(await repairTables(paths.root, LATER)).toEqual([
    expect.stringContaining('images.csv: 0 rows'),
  ]);
  expect(openState(paths, LATER).rows).toHaveLength(1);
});

it('is refused by an earlier release, which would lose data', async () => {
  await openStore(paths, LATER).put(rowOf('volume', 'data'));
  expect(() => openState(paths, TABLES)).toThrow(
    `cannot use ${paths.root}: a newer release of baleine wrote it, which also has volumes.csv`,
  );
});

it.each([
  ['that lacks a first column', 'PID;NOM_CONTENNEUR;', 'PID;'],
  ['with a column nobody knows', 'PID;', 'PID;WHAT;'],
  ['in another order', 'PID;NOM_CONTENNEUR;', 'NOM_CONTENNEUR;PID;'],
  ['without a column that is read back', ';NEEDS;', ';'],
])('refuses a header %s despite a valid checksum', (_how, from, to) => {
  const [header = '', ...rows] = readFileSync(path('containers.csv'), 'utf8')
    .split('\n')
    .slice(0, -2);
  const body = `${[header.replace(from, to), ...rows].join('\n')}\n`;
  writeFileSync(path('containers.csv'), `${body}${trailerOf(body, rows.length)}\n`);
  expect(() => openState(paths, LATER)).toThrow('the header is not the expected one');
});
