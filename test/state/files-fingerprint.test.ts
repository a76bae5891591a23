import { copyFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { InstallPaths } from '../../src/model/install-paths.js';
import { tablesFingerprint } from '../../src/state/files-fingerprint.js';
import { openStore } from '../../src/state/store.js';
import { makeInstallation, rowOf, TABLES, textOf } from './sample.js';

const FILE = 'containers.csv';

async function written(): Promise<InstallPaths> {
  const paths = makeInstallation();
  await openStore(paths, TABLES).put(rowOf('container', 'a'));
  return paths;
}

/** The fingerprint when the last change is old enough. */
const later = (paths: InstallPaths) => tablesFingerprint(paths, TABLES, Date.now() + 3000);

it('is stable without writes, and exists without tables', async () => {
  const paths = await written();
  expect(later(paths)).toBe(later(paths));
  expect(later(makeInstallation())).toBeDefined();
});

it('is absent while the next change could leave it unchanged', async () => {
  expect(tablesFingerprint(await written(), TABLES, Date.now())).toBeUndefined();
});

it.each<[string, (path: string, text: string) => void | Promise<void>]>([
  ['written over, as long as before', (path, text) => writeFileSync(path, text.replace('a', 'b'))],
  ['replaced by the same', (path) => copyAndRename(path)],
  ['set back in time', (path) => utimesSync(path, 1, 1)],
  ['removed', (path) => rmSync(path)],
])('changes if a table was %s', async (_how, change) => {
  const paths = await written();
  const before = later(paths);
  await change(join(paths.root, FILE), textOf(paths, FILE));
  expect(later(paths)).toBeDefined();
  expect(later(paths)).not.toBe(before);
});

it('changes with each edit of a store', async () => {
  const paths = await written();
  const before = later(paths);
  const store = openStore(paths, TABLES);
  await store.put(rowOf('container', 'b'));
  await store.drop('container', store.rows[0]?.stack ?? '', 'b');
  expect(later(paths)).not.toBe(before);
});

function copyAndRename(path: string): void {
  copyFileSync(path, `${path}.new`);
  renameSync(`${path}.new`, path);
}
