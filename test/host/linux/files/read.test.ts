import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { holdsText, readInput } from '../../../../src/host/linux/files/read.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'baleine-read-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

it.each([
  ['the same', 'names\n', 'names\n', true],
  ['nothing, as is asked', '', '', true],
  ['what is not ASCII', 'é\n', 'é\n', true],
  ['as many other letters', 'names\n', 'nomes\n', false],
  ['more', 'names\n', 'names\n\n', false],
  ['less', 'names\n', 'names', false],
  ['nothing', 'names\n', '', false],
  ['more than nothing', '', 'names\n', false],
])('recognizes a file with %s', (_what, text, found, same) => {
  const path = join(dir, 'file');
  writeFileSync(path, found);
  expect(holdsText(path, text)).toBe(same);
  writeFileSync(path, 'something else');
  expect(holdsText(path, text)).toBe(false);
  writeFileSync(path, text);
  expect(holdsText(path, text)).toBe(true);
});

it('returns undefined for a missing file', () => {
  expect(holdsText(join(dir, 'file'), 'names')).toBeUndefined();
});

it('throws for an unreadable file', () => {
  expect(() => holdsText(dir, 'names')).toThrow('EISDIR');
});

it('reads a user’s file, and neither waits for a FIFO nor reads a device', () => {
  const path = join(dir, 'file');
  writeFileSync(path, 'text\n');
  expect(readInput(path)).toBe('text\n');
  writeFileSync(path, Buffer.alloc(1024 ** 2 + 1));
  expect(() => readInput(path)).toThrow('it is larger than 1 MiB');
  execFileSync('mkfifo', [join(dir, 'fifo')]);
  for (const other of [join(dir, 'fifo'), '/dev/zero', dir]) {
    expect(() => readInput(other)).toThrow('it is not a regular file');
  }
  expect(() => readInput(join(dir, 'none'))).toThrow('ENOENT');
});
