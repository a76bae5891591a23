import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bundle } from '../build.mjs';

it('builds a program that runs away from node_modules, by its own hashbang', async () => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'dist-')));
  try {
    await bundle(dir);
    const run = (word: string) =>
      execFileSync(join(dir, 'main.js'), [word], { cwd: '/', encoding: 'utf8' });
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(run('--version').trim()).toBe(version);
    // Loads every command.
    expect(run('--help')).toMatch(/plan.*apply.*destroy/s);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

it('locks packages without naming where they were fetched from', () => {
  expect(readFileSync('package-lock.json', 'utf8')).not.toContain('"resolved"');
});
