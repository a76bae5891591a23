import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isBlank, requireXfs, xfsUuid } from '../../../../src/host/linux/pool/file-system.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'xfs-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

it('names the missing programs of a pool with their packages', () => {
  expect(() => requireXfs('cp', 'no-such-program')).toThrow(
    'cannot make or change a pool: not installed: no-such-program',
  );
});

it('reads the UUID of an XFS, and tells other content from none', () => {
  const file = join(dir, 'file');
  const reading = (content: Buffer) => {
    writeFileSync(file, content);
    return [xfsUuid(file), isBlank(file)];
  };
  const block = Buffer.alloc(8192);
  expect(reading(block)).toEqual([undefined, true]);
  expect(reading(Buffer.from('something'))).toEqual([undefined, false]);
  block.write('XFSB', 'latin1');
  Buffer.from('0e3c2a4e6bb14d0ea5c59d1d0b1d2a3f', 'hex').copy(block, 32);
  expect(reading(block)).toEqual(['0e3c2a4e-6bb1-4d0e-a5c5-9d1d0b1d2a3f', false]);
  expect([xfsUuid(join(dir, 'none')), isBlank(join(dir, 'none'))]).toEqual([undefined, false]);
});
