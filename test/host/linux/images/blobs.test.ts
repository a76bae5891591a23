import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  blobsInArchive,
  blobsInFolder,
  contentOf,
  textOf,
} from '../../../../src/host/linux/images/blobs.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'blobs-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const LONG = `blobs/${'long/'.repeat(40)}name`;
const FILES = { 'manifest.json': '[]', 'a/layer.tar': 'x'.repeat(1000), [LONG]: 'long', empty: '' };

function pack(...options: string[]): string {
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(dir, 'in', name)), { recursive: true });
    writeFileSync(join(dir, 'in', name), text);
  }
  mkdirSync(join(dir, 'in/b'));
  symlinkSync('../a/layer.tar', join(dir, 'in/b/layer.tar'));
  symlinkSync('/etc/passwd', join(dir, 'in/out'));
  const archive = join(dir, 'archive: 1.tar');
  execFileSync('tar', [
    '-c',
    '--force-local',
    ...options,
    '-f',
    archive,
    '-C',
    join(dir, 'in'),
    '.',
  ]);
  return archive;
}

describe.each([['gnu'], ['posix']])('an archive written by %s', (format) => {
  it('is read in place', async () => {
    const blobs = await blobsInArchive(pack(`--format=${format}`), 'read it');
    for (const [name, text] of Object.entries(FILES)) {
      expect(blobs.size(name)).toBe(text.length);
      expect(await textOf(blobs, name, 'it')).toBe(text);
    }
    // a link, as Docker stores equal layers; a link that leads out does not resolve
    expect(await textOf(blobs, 'b/layer.tar', 'it')).toBe(FILES['a/layer.tar']);
    expect(blobs.size('out')).toBeUndefined();
    await expect(textOf(blobs, 'gone', 'it')).rejects.toThrow('cannot use it: it has no gone');
  });
});

it('refuses an endless header', async () => {
  const archive = pack('--format=gnu');
  const bytes = readFileSync(archive);
  const long = bytes.indexOf('././@LongLink') / 512;
  expect(await contentOf(archive, long, 'read it')).toBeGreaterThan((long + 2) * 512);
  bytes.write('777777777777', long * 512 + 124, 'latin1');
  writeFileSync(archive, bytes);
  await expect(contentOf(archive, long, 'read it')).rejects.toThrow('the archive ends too early');
  bytes.write('            ', long * 512 + 124, 'latin1');
  writeFileSync(archive, bytes);
  await expect(contentOf(archive, long, 'read it')).rejects.toThrow('has no length');
});

it('reports a file that is no archive', async () => {
  writeFileSync(join(dir, 'text'), 'no archive');
  await expect(blobsInArchive(join(dir, 'text'), 'read it')).rejects.toThrow(
    /^cannot read it: .*not look like a tar archive/,
  );
});

it('reads the regular files of a folder only', async () => {
  pack();
  const blobs = blobsInFolder(join(dir, 'in'));
  expect(await textOf(blobs, 'manifest.json', 'it')).toBe('[]');
  expect(blobs.size('a')).toBeUndefined();
});
