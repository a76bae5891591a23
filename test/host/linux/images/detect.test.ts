import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { detect } from '../../../../src/host/linux/images/detect.js';
import { extractTar } from '../../../../src/host/linux/rootfs/tar.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'detect-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function pack(names: string[], option = '--no-auto-compress'): string {
  const from = mkdtempSync(join(dir, 'in-'));
  for (const name of names) {
    mkdirSync(join(from, name, '..'), { recursive: true });
    writeFileSync(join(from, name), '{}');
  }
  const archive = join(from, '../a: b.tar');
  execFileSync('tar', ['-c', '--force-local', option, '-f', archive, '-C', from, '.']);
  return archive;
}

it.each([['--no-auto-compress'], ['--gzip'], ['--bzip2'], ['--xz'], ['--zstd']])(
  'recognizes an archive by its content, compressed by %s',
  async (option) => {
    expect(await detect(pack(['a/layer.tar', 'manifest.json', 'oci-layout'], option))).toBe(
      'docker',
    );
    expect(await detect(pack(['a/layer.tar', 'repositories'], option))).toBe('docker');
    expect(await detect(pack(['oci-layout', 'index.json'], option))).toBe('oci');
    expect(await detect(pack(['etc/manifest.json', 'etc/apk/repositories'], option))).toBe('tar');
  },
);

it('refuses endless input', async () => {
  execFileSync('mkfifo', [join(dir, 'pipe')]);
  await expect(detect(join(dir, 'pipe'))).rejects.toThrow('pipe: it is a named pipe');
  await expect(detect('/dev/zero')).rejects.toThrow('cannot import /dev/zero: it is a device');
  await expect(extractTar(join(dir, 'pipe'), dir)).rejects.toThrow('it is a named pipe');
  await expect(extractTar('/dev/zero', dir)).rejects.toThrow('it is a device');
  expect(await detect(join(dir, 'gone'))).toBeUndefined();
});

it('names the damage', async () => {
  writeFileSync(join(dir, 'empty'), '');
  await expect(detect(join(dir, 'empty'))).rejects.toThrow(/empty: .*not look like a tar archive/);
  const archive = pack(['etc/a'], '--xz');
  execFileSync('truncate', ['-s', '-20', archive]);
  await expect(detect(archive)).rejects.toThrow(/^cannot import .*b\.tar: .*xz/);
});
