import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundle } from '../build.mjs';

let dir: string;
let meta: Metafile;
beforeAll(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'dist-')));
  meta = await bundle(dir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('runs away from node_modules, by its own hashbang', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const said = execFileSync(join(dir, 'main.js'), ['--version'], { cwd: '/', encoding: 'utf8' });
  expect(said.trim()).toBe(version);
});

it('loads at the start none of the packages that a no-op apply can do without', () => {
  const early = packagesOf(loadedAtStart('main.js'));
  const all = packagesOf(Object.keys(meta.outputs));
  const heavy = ['csv-stringify', 'diff', 'execa', 'listr2'];
  expect(heavy.filter((name) => all.has(name))).toEqual(heavy);
  expect(heavy.filter((name) => early.has(name))).toEqual([]);
});

/** A chunk and those it imports at once, by their keys in the metafile. */
function loadedAtStart(name: string): string[] {
  const main = Object.keys(meta.outputs).find((key) => key.endsWith(`/${name}`)) as string;
  const found = new Set([main]);
  for (const each of found) {
    for (const { path, kind } of meta.outputs[each]?.imports ?? []) {
      if (kind === 'import-statement' && path in meta.outputs) found.add(path);
    }
  }
  return [...found];
}

function packagesOf(outputs: string[]): Set<string> {
  const inputs = outputs.flatMap((each) => Object.keys(meta.outputs[each]?.inputs ?? {}));
  return new Set(
    inputs.flatMap((each) => /(?:^|\/)node_modules\/((@[^/]+\/)?[^/]+)/.exec(each)?.[1] ?? []),
  );
}

it('locks packages without naming where they were fetched from', () => {
  expect(readFileSync('package-lock.json', 'utf8')).not.toContain('"resolved"');
});
