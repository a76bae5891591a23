import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Site, siteOf } from '../../src/model/site.js';

export * from './tables.js';

/** A root of its own for one test; it is not made yet. */
export function makeSite(parent = tmpdir()): Site {
  const dir = mkdtempSync(join(parent, 'baleine-state-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return siteOf(join(dir, 'root'));
}

export const textOf = (site: Site, file: string) => readFileSync(join(site.root, file), 'utf8');
