import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { contentDigest, streamLayer } from '../../../../src/host/linux/images/layer.js';
import { findProgram } from '../../../../src/host/linux/process/programs.js';

const TAR = execFileSync('tar', ['-c', '-C', '/usr/share/zoneinfo', 'UTC']);
const SCHEMES: [string, string[]][] = [
  ['gzip', ['gzip']],
  ['bzip2', ['bzip2']],
  ['xz', ['xz']],
  ['zstd', ['zstd', '-q']],
];
const packed = ([program = '', ...args]: string[], input = TAR) =>
  execFileSync(program, args, { input });
const digestOf = (data: Buffer) => `sha256:${createHash('sha256').update(data).digest('hex')}`;

function layerOf(blob: Buffer, content = TAR) {
  const open = async function* () {
    yield blob;
  };
  return { open, bytes: blob.length, compressed: false, content: digestOf(content) };
}

async function unpacked(blob: Buffer, content = TAR, most = 2 ** 30): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const write = (chunk: Buffer, _encoding: string, done: () => void) => {
    chunks.push(chunk);
    done();
  };
  await streamLayer(layerOf(blob, content), new Writable({ write }), 'unpack x', most);
  return Buffer.concat(chunks);
}

it.each([['nothing', ['cat']], ...SCHEMES] as typeof SCHEMES)(
  'a layer compressed by %s is unpacked unchanged',
  async (_name, program) => {
    expect(await unpacked(packed(program))).toEqual(TAR);
    expect(await contentDigest(layerOf(packed(program)), 'read x')).toBe(digestOf(TAR));
    // zero bytes count as an archive without members
    const none = await unpacked(packed(program, Buffer.alloc(0)), Buffer.alloc(0));
    expect(none).toEqual(Buffer.alloc(1024));
  },
);

it.each(SCHEMES)('damage of %s is reported by its own program', async (name, program) => {
  const whole = packed(program);
  await expect(unpacked(whole.subarray(0, whole.length - 20))).rejects.toThrow(
    new RegExp(`^cannot unpack x: a layer: (.*\\b)?${name}\\b`),
  );
});

it('an endless layer is read up to its limit', async () => {
  const zeros = Buffer.alloc(2 ** 24);
  await expect(unpacked(packed(['gzip'], zeros), zeros, 2 ** 20)).rejects.toThrow(
    'cannot unpack x: a layer unpacks to more than 1M',
  );
});

it('names the damaged format, also if zstd(1) replaces its program', async () => {
  const damaged = packed(['gzip']).subarray(0, -20);
  await expect(unpacked(damaged)).rejects.toThrow(/: gzip: .*unexpected end of file/);
  const dir = mkdtempSync(join(tmpdir(), 'programs-'));
  const PATH = process.env.PATH;
  try {
    for (const program of ['zstd', 'setpriv'])
      symlinkSync(findProgram(program) ?? '', join(dir, program));
    process.env.PATH = dir;
    expect(findProgram('gzip')).toBeUndefined();
    await expect(unpacked(damaged)).rejects.toThrow(/^cannot unpack x: a layer: gzip: premature/);
    rmSync(join(dir, 'zstd'));
    await expect(unpacked(damaged)).rejects.toThrow('gzip is not installed');
  } finally {
    process.env.PATH = PATH;
    rmSync(dir, { recursive: true });
  }
});
