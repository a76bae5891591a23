import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { installPaths } from '../../src/model/install-paths.js';
import { bindRoot, installationKey, rebindRoot } from '../../src/state/bind-root.js';
import { bindingFile, locateInstallation } from '../../src/state/installation.js';

let dir: string;
let root: string;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'installation-'));
  root = join(dir, 'root');
  mkdirSync(root);
  await bindRoot(root);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const edit = (change: object) => {
  const path = bindingFile(root);
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...change }));
};

it('is accepted on its own host, and before it is bound', () => {
  expect(locateInstallation(root)).toEqual(installPaths(root));
  expect(locateInstallation(join(dir, 'none'))).toEqual(installPaths(join(dir, 'none')));
});

it('has a key that survives, and is added to a root of an earlier release', async () => {
  const key = () => JSON.parse(readFileSync(bindingFile(root), 'utf8')).key;
  const first = key();
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(installationKey(root)).toBe(first);
  await bindRoot(root);
  await rebindRoot(root);
  expect(key()).toBe(first);
  expect(statSync(bindingFile(root)).mode & 0o777).toBe(0o600);
  edit({ key: undefined });
  expect(installationKey(root)).toMatch(/^[0-9a-f]{64}$/);
  expect(key()).toBeUndefined();
  await bindRoot(root);
  expect(key()).not.toBe(first);
  expect(installationKey(root)).toBe(key());
});

it('does not reveal the host’s machine-id', () => {
  const id = readFileSync('/etc/machine-id', 'utf8').trim();
  expect(readFileSync(bindingFile(root), 'utf8')).not.toContain(id);
});

it('refuses a copy, with a hint', () => {
  const copy = join(dir, 'copy');
  cpSync(root, copy, { recursive: true });
  expect(() => locateInstallation(copy)).toThrow(
    `cannot use ${copy}: it is a copy of ${root}, or was moved from there`,
  );
  expect(locateInstallation(root)).toEqual(installPaths(root));
});

it('refuses a moved root, even if another one is in its place', async () => {
  const moved = join(dir, 'moved');
  renameSync(root, moved);
  expect(() => locateInstallation(moved)).toThrow('was moved from there');
  mkdirSync(root);
  await bindRoot(root);
  expect(() => locateInstallation(moved)).toThrow('was moved from there');
});

it('refuses a backup that was restored in its place', () => {
  const backup = join(dir, 'backup');
  cpSync(root, backup, { recursive: true });
  // not deleted: the next folder would reuse its inode
  renameSync(root, join(dir, 'old'));
  cpSync(backup, root, { recursive: true });
  expect(() => locateInstallation(root)).toThrow('it is another folder than it was');
});

it('refuses one of another host', () => {
  edit({ machine: 'f'.repeat(32) });
  expect(() => locateInstallation(root)).toThrow('it was made on another host');
});

it('accepts a host without an id', () => {
  edit({ machine: '' });
  expect(locateInstallation(root)).toEqual(installPaths(root));
});

it.each(['', '{"root":3}', '[]', '{"root":'])('trusts no binding like %j', (text) => {
  writeFileSync(bindingFile(root), text);
  expect(() => locateInstallation(root)).toThrow(`cannot trust ${bindingFile(root)}`);
});

it('is accepted once it is bound again', async () => {
  const copy = join(dir, 'copy');
  cpSync(root, copy, { recursive: true });
  await bindRoot(copy);
  expect(() => locateInstallation(copy)).toThrow('it is a copy of');
  await rebindRoot(copy);
  expect(locateInstallation(copy)).toEqual(installPaths(copy));
});
