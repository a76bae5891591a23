import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { installPaths } from '../../src/model/install-paths.js';
import {
  clearDestroyed,
  crontabFiles,
  findDestroyed,
  recordCrontab,
  recordDestroyed,
  removeCrontab,
} from '../../src/state/aux-tables.js';
import { acquireLock } from '../../src/state/lock.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'destroyed-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = new Date('2025-01-02T03:04:05.678Z');

it('is found by the stack’s name, also if the file has moved', async () => {
  await recordDestroyed(root, { stack: 'shop', file: '/srv/a.yaml' }, at);
  expect(findDestroyed(root, { stack: 'shop', file: '/srv/b.yaml' })).toEqual({
    STACK: 'shop',
    FILE: '/srv/a.yaml',
    DESTROYED_AT: at.toISOString(),
  });
  expect(findDestroyed(root, { stack: 'shop', file: '-' })).toBeDefined();
  expect(findDestroyed(root, { stack: 'shopping', file: '/srv/b.yaml' })).toBeUndefined();
});

it('is found by the file, also behind a link and under another name of the stack', async () => {
  const file = join(root, 'a;"b".yaml');
  writeFileSync(file, '');
  symlinkSync(file, join(root, 'link.yaml'));
  await recordDestroyed(root, { stack: 'shop', file: join(root, 'link.yaml') }, at);
  expect(findDestroyed(root, { stack: 'renamed', file })?.STACK).toBe('shop');
});

it('is cleared by either, and then the file is removed', async () => {
  await recordDestroyed(root, { stack: 'a', file: '/srv/a.yaml' }, at);
  await recordDestroyed(root, { stack: 'a', file: '/srv/a.yaml' }, at);
  await recordDestroyed(root, { stack: 'b' }, at);
  expect(readFileSync(join(root, 'destroyed.csv'), 'utf8')).toMatch(
    /^STACK;FILE;DESTROYED_AT\na;\/srv\/a.yaml;2025\S+\nb;;2025\S+\n# rows=2 sha256=\w{64}\n$/,
  );
  expect(await clearDestroyed(root, { stack: 'x', file: '/srv/a.yaml' })).toBe(true);
  expect(await clearDestroyed(root, { stack: 'a' })).toBe(false);
  expect(await clearDestroyed(root, { stack: 'b' })).toBe(true);
  expect(readdirSync(root)).toEqual([]);
});

it.each([
  ['cut off', (text: string) => text.slice(0, -20)],
  ['edited', (text: string) => text.replace('shop', 'shoq')],
  ['empty', () => ''],
])('never reads as empty if it is %s', async (_what, spoil) => {
  await recordDestroyed(root, { stack: 'shop' }, at);
  const path = join(root, 'destroyed.csv');
  writeFileSync(path, spoil(readFileSync(path, 'utf8')));
  expect(() => findDestroyed(root, { stack: 'other' })).toThrow(`cannot trust ${path}`);
});

it('remains with the lock when everything else of the root is removed', async () => {
  await recordDestroyed(root, { stack: 'shop' }, at);
  await recordCrontab(root, '/srv/a.yaml', '/etc/crontabs/root');
  writeFileSync(join(root, 'events.log'), '');
  (await acquireLock(installPaths(root), { timeoutMs: 0 })).release({ removeIfEmpty: true });
  expect(readdirSync(root)).toEqual(['crontabs.csv', 'destroyed.csv']);
  expect(crontabFiles(root)).toEqual(['/etc/crontabs/root']);
  await removeCrontab(root, '/srv/other.yaml', '/etc/crontabs/root');
  await removeCrontab(root, '/srv/a.yaml', '/etc/crontabs/root');
  expect(readdirSync(root)).toEqual(['destroyed.csv']);
});
