import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  BUILT_BOUNDS,
  dropArchives,
  findArchive,
  keepArchive,
  sweepArchives,
} from '../../../../src/host/linux/images/built-archives.js';
import { ownerMark } from '../../../../src/host/linux/owner.js';
import { builtImagesDir, installPaths } from '../../../../src/model/install-paths.js';
import { lackingRoot } from '../../../support/skip.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'built-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('built archives that are too old or too many', () => {
  const NOW = Date.now();
  const put = (tag: string, name: string, { days = 0, bytes = 1 } = {}) => {
    mkdirSync(join(dir, tag), { recursive: true });
    const path = join(dir, tag, name);
    writeFileSync(path, 'x'.repeat(bytes));
    utimesSync(path, NOW / 1000, NOW / 1000 - days * 86400);
  };
  const sweep = (bounds = {}) => sweepArchives(NOW, { ...BUILT_BOUNDS, ...bounds }, dir);
  const left = () => readdirSync(dir, { recursive: true }).sort();

  it('are removed by age, of every installation, with empty folders', () => {
    put('a', 's.1.x.tar', { days: 8 });
    put('b', 's.1.x.tar', { days: 6 });
    // as release 0.1 named them
    put('b', 'f00.tar', { days: 8 });
    sweep();
    expect(left()).toEqual(['b', 'b/s.1.x.tar']);
  });

  it('are removed by number and size, the oldest first, never the newest', () => {
    for (const days of [1, 2, 3, 4]) put('a', `s.${days}.x.tar`, { days, bytes: 10 });
    sweep({ archives: 3 });
    expect(left()).toEqual(['a', 'a/s.1.x.tar', 'a/s.2.x.tar', 'a/s.3.x.tar']);
    sweep({ bytes: 25 });
    expect(left()).toEqual(['a', 'a/s.1.x.tar', 'a/s.2.x.tar']);
    sweep({ bytes: 5 });
    expect(left()).toEqual(['a', 'a/s.1.x.tar']);
  });

  it('are removed with leftovers of killed builds, but not of running ones', () => {
    mkdirSync(join(dir, 'a/scratch/1-1-dead/store'), { recursive: true });
    const own = `${ownerMark()}alive`;
    mkdirSync(join(dir, 'b/scratch', own), { recursive: true });
    sweep();
    expect(left()).toEqual(['b', 'b/scratch', `b/scratch/${own}`]);
  });
});

describe.skipIf(lackingRoot())('an archive of a build', () => {
  const paths = () => installPaths(dir);
  const cache = () => builtImagesDir(paths().tag);
  afterEach(() => rmSync(cache(), { recursive: true, force: true }));
  const keep = (owner: string, context: string, layers: string) => {
    const archive = join(dir, 'image.tar');
    writeFileSync(archive, layers);
    keepArchive(paths(), owner, { context, args: {} }, layers, archive);
  };

  it('is found by its content, and replaces the previous one of the same source', () => {
    keep('shop', '/srv/a', 'one');
    keep('shop', '/srv/b', 'two');
    keep('shop', '/srv/a', 'three');
    expect(findArchive(paths(), 'one')).toBeUndefined();
    for (const layers of ['two', 'three']) {
      expect(findArchive(paths(), layers)).toMatch(
        new RegExp(`^${cache()}/shop\\.[0-9a-f]{16}\\.${layers}\\.tar$`),
      );
    }
  });

  it('is removed with its stack, or with all', () => {
    keep('shop', '/srv/a', 'one');
    keep('shopping', '/srv/a', 'two');
    keep('-', '/srv/a', 'three');
    dropArchives(paths(), 'shop');
    expect(readdirSync(cache())).toHaveLength(2);
    dropArchives(paths(), '-');
    expect(findArchive(paths(), 'two')).toBeDefined();
    dropArchives(paths());
    expect(existsSync(cache())).toBe(false);
  });
});
