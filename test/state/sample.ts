import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type InstallPaths, installPaths } from '../../src/model/install-paths.js';

export * from './tables.js';

/** A separate root for one test, which does not exist yet. */
export function makeInstallation(parent = tmpdir()): InstallPaths {
  const dir = mkdtempSync(join(parent, 'baleine-state-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return installPaths(join(dir, 'root'));
}

export const textOf = (paths: InstallPaths, file: string) =>
  readFileSync(join(paths.root, file), 'utf8');
