import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle, cacheOf } from '../build.mjs';

let dir: string;
let files: string[];
let modules: string[];
beforeAll(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'dist-')));
  const built = await bundle(dir);
  files = Object.keys(built);
  modules = Object.values(built).flat();
});
afterAll(() => rmSync(dir, { recursive: true }));

const run = (word: string) =>
  execFileSync(join(dir, 'main.js'), [word], { cwd: '/', encoding: 'utf8' });
/** Loads every command. */
const runs = () => expect(run('--help')).toMatch(/plan.*apply.*destroy/s);

it('builds a program that runs away from node_modules, by its own hashbang', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(run('--version').trim()).toBe(version);
  runs();
});

describe('a large chunk', () => {
  const all = () => files.filter((each) => each.endsWith('.code.js'));
  const cache = () => cacheOf(all().find((each) => each.includes('/hot-')) as string);

  it('is precompiled with all its functions, and accepted by V8', () => {
    expect(all().length).toBeGreaterThan(3);
    for (const code of all()) {
      const cachedData = readFileSync(cacheOf(code));
      const script = new Script(readFileSync(code, 'utf8'), { cachedData });
      expect(script.cachedDataRejected).toBe(false);
      expect(cachedData.length).toBeGreaterThan(statSync(code).size);
    }
  });

  it('is never left without its compiled form', () => {
    const large = files.filter((each) => statSync(each).size > 40_000);
    expect(large.filter((each) => !each.endsWith('.code.js'))).toEqual([]);
  });

  it.each<[string, () => void]>([
    ['is rubbish', () => writeFileSync(cache(), 'rubbish')],
    ['is cut off', () => writeFileSync(cache(), readFileSync(cache()).subarray(0, 5000))],
    ['is missing', () => rmSync(cache())],
  ])('is compiled again if the compiled form %s', (_what, spoil) => {
    const before = readFileSync(cache());
    try {
      spoil();
      runs();
    } finally {
      writeFileSync(cache(), before);
    }
  });
});

it('needs no package when it is installed', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(manifest).not.toHaveProperty('dependencies');
});

it('has the licenses of all that is in it', () => {
  const text = readFileSync(join(dir, 'LICENSES.txt'), 'utf8');
  const names = modules.flatMap((id) => /node_modules\/((@[^/]+\/)?[^/]+)/.exec(id)?.[1] ?? []);
  expect(names).toContain('commander');
  for (const name of new Set(names)) {
    expect(text).toMatch(new RegExp(`^${name.replace('/', '\\/')} [0-9.]+\n=+\n\n.*\\w`, 'm'));
  }
  expect(text).toMatch(/^The Compose Specification$.*^ *Apache License$/ms);
});

it('locks packages without the addresses they were fetched from', () => {
  expect(readFileSync('package-lock.json', 'utf8')).not.toContain('"resolved"');
});
