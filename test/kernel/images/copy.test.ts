import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linuxDisks } from '../../../src/host/linux/disks/index.js';
import { canShareBlocks } from '../../../src/host/linux/disks/reflink.js';
import type { InstallPaths } from '../../../src/model/install-paths.js';
import { lackingAny } from '../../support/skip.js';
import { temporaryInstallation } from '../host/machinery.js';

const skip = lackingAny('mkfs.xfs');

const MiB = 2 ** 20;
const DATA = 20 * MiB;
let paths: InstallPaths;
let remove: () => void;
const at = (...names: string[]) => join(paths.root, ...names);

beforeEach(() => {
  ({ paths, remove } = temporaryInstallation());
});
afterEach(() => remove());

/** Bytes that a copy of an image of 200 MiB with 20 MiB of data takes in the file system at `dir`. */
async function costOfCopy(dir: string): Promise<number> {
  const disks = linuxDisks();
  await disks.create(join(dir, 'a.img'), 200 * MiB, async (tree) => {
    writeFileSync(join(tree, 'data'), randomBytes(DATA));
  });
  const free = () => {
    execFileSync('sync', ['--file-system', dir]);
    const { bfree, bsize } = statfsSync(dir);
    return bfree * bsize;
  };
  const before = free();
  const [cost] = await disks.copyAll([{ from: join(dir, 'a.img'), to: join(dir, 'b.img') }]);
  expect(cost).toEqual({ bytes: expect.any(Number), shared: canShareBlocks(dir) });
  expect((cost as { bytes: number }).bytes).toBeGreaterThan(DATA);
  expect(statSync(join(dir, 'b.img')).size).toBe(200 * MiB);
  execFileSync('cmp', [join(dir, 'a.img'), join(dir, 'b.img')]);
  return before - free();
}

async function on(mkfs: string[], shares: boolean): Promise<number> {
  const [file, dir] = [at('disk'), at('mounted')];
  writeFileSync(file, '');
  truncateSync(file, 600 * MiB);
  execFileSync(mkfs[0] as string, [...mkfs.slice(1), file]);
  mkdirSync(dir);
  execFileSync('mount', ['-o', 'loop', file, dir]);
  try {
    expect(canShareBlocks(dir)).toBe(shares);
    return await costOfCopy(dir);
  } finally {
    execFileSync('umount', [dir]);
    rmSync(file);
  }
}

describe.skipIf(skip)('the disk of a container', () => {
  it('takes space for the data of its image, not its size', async () => {
    const cost = await on(['mkfs.ext4', '-q', '-F'], false);
    expect(cost).toBeGreaterThan(DATA);
    expect(cost).toBeLessThan(DATA + 8 * MiB);
  });

  it('takes almost no space where blocks can be shared', async () => {
    expect(await on(['mkfs.xfs', '-q', '-m', 'reflink=1'], true)).toBeLessThan(MiB);
  });
});
