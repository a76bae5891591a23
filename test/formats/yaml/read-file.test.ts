import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSource } from '../../../src/formats/yaml/read-file.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'baleine-source-'));
});
afterAll(() => rm(dir, { recursive: true }));

it('reads a file and knows its folder', async () => {
  const file = join(dir, 'baleine.yaml');
  await writeFile(file, 'name: é\n');
  expect(await readSource(file)).toEqual({ file, text: 'name: é\n', directory: dir });
});

it('reports what is missing, and what to do', async () => {
  const file = join(dir, 'none.yaml');
  await expect(readSource(file)).rejects.toMatchObject({
    message: `cannot read ${file}: no such file`,
    hint: 'name another with -f FILE, or - for standard input',
  });
  await expect(readSource(dir)).rejects.toThrow(`cannot read ${dir}: EISDIR`);
});

it('refuses binary content', async () => {
  const file = join(dir, 'latin1.yaml');
  await writeFile(file, Buffer.from([0x6e, 0xe9, 0x0a]));
  await expect(readSource(file)).rejects.toThrow(`cannot read ${file}: it is not UTF-8`);
});

it('stops reading endless input', async () => {
  await expect(readSource('/dev/zero')).rejects.toThrow(
    'cannot read /dev/zero: it is larger than 1 MiB',
  );
});
