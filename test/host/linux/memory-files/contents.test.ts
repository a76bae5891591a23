import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { variableIn } from '../../../../src/formats/project/env-file.js';
import { FileContents } from '../../../../src/host/linux/memory-files/contents.js';

let dir: string;
let contents: FileContents;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'contents-'));
  contents = new FileContents(() => '00'.repeat(32), variableIn);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

const path = (name: string) => join(dir, name);

/** The secret from a variable TOKEN, with these env files. */
const read = (...names: string[]) =>
  contents.read({ environment: 'TOKEN', env_files: names.map(path) }).content?.toString();

it('has the value of a variable from the shell, else from the last env file that has it', () => {
  writeFileSync(path('a'), 'export TOKEN="one\\ntwo" # quoted\nOTHER=$TOKEN\n');
  writeFileSync(path('b'), "OTHER=x\nTOKEN='$3 and #4'\n");
  writeFileSync(path('c'), 'OTHER=y\n');
  expect(read('a')).toBe('one\ntwo');
  expect(read('a', 'b', 'c', 'none')).toBe('$3 and #4');
  vi.stubEnv('TOKEN', 'of the shell');
  expect(read('a', 'b')).toBe('of the shell');
});

it('names the files that do not have it, and the place of a mistake, without any value', () => {
  writeFileSync(path('a'), 'OTHER=x\n');
  expect(() => read('a')).toThrow(`variable TOKEN is not set, nor in ${path('a')}`);
  expect(() => read()).toThrow(/^variable TOKEN is not set$/);
  writeFileSync(path('a'), 'A=1\nTOKEN="never closed\n');
  const attempt = () => read('a');
  expect(attempt).toThrow(`${path('a')}:2:`);
  expect(attempt).not.toThrow('never closed');
});
