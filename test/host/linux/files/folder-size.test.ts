import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { folderSize } from '../../../../src/host/linux/files/folder-size.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'size-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

it('counts files and bytes of a tree, including holes, and follows no link', () => {
  mkdirSync(join(dir, 'sub/deeper'), { recursive: true });
  writeFileSync(join(dir, 'a'), '12345');
  writeFileSync(join(dir, 'sub/deeper/b'), '');
  truncateSync(join(dir, 'sub/deeper/b'), 1024 ** 2);
  symlinkSync('/usr', join(dir, 'sub/link'));
  const size = folderSize(dir);
  expect(size).toMatchObject({ files: 3, bytes: 1024 ** 2 + 5, complete: true });
  // a block for each of two folders and a file, of whatever size this file system has
  expect(size.allocated).toBeGreaterThan(0);
  expect(size.allocated).toBeLessThan(1024 ** 2);
  const none = { files: 0, bytes: 0, allocated: 0, complete: true };
  expect(folderSize(join(dir, 'none'))).toEqual(none);
});

it('stops at its limits, and reports that', () => {
  for (let each = 0; each < 20; each++) writeFileSync(join(dir, String(each)), 'x');
  const few = folderSize(dir, { entries: 5, milliseconds: 60_000 });
  expect(few).toMatchObject({ files: 5, bytes: 5, complete: false });
  expect(folderSize(dir, { entries: 1000, milliseconds: -1 }).complete).toBe(false);
});

it('counts names that are not UTF-8', () => {
  const odd = Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0xe9])]);
  mkdirSync(odd);
  writeFileSync(Buffer.concat([odd, Buffer.from('/'), Buffer.from([0xff])]), '123');
  expect(folderSize(dir)).toMatchObject({ files: 1, bytes: 3, complete: true });
});
