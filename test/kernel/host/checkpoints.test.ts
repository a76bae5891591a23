import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  exportCheckpoint,
  readExported,
  unpackExported,
} from '../../../src/host/linux/checkpoints/archive.js';
import { listCheckpoints, readCheckpoint } from '../../../src/host/linux/checkpoints/read.js';
import {
  createCheckpoint,
  removeCheckpoint,
  sweepCheckpoints,
} from '../../../src/host/linux/checkpoints/store.js';
import { hasStale } from '../../../src/host/linux/has-stale.js';
import {
  checkpointNotesDir,
  checkpointsDir,
  type InstallPaths,
  installPaths,
} from '../../../src/model/install-paths.js';
import type { ContainerSpec } from '../../../src/model/specs.js';

const KEY = 'ab'.repeat(32);
const spec = { id: 's.web', environment: { PASSWORD: 'hush-hush' } } as unknown as ContainerSpec;
const record = { id: 's.web', stack: 's', name: 'web', runtime: 'runc', spec };

let dir: string;
let paths: InstallPaths;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'checkpoints-'));
  paths = installPaths(join(dir, 'root'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
  rmSync(paths.run, { recursive: true, force: true });
});

/** What a checkpoint has, with a hole in its disk. */
const filled = (text: string) => async (part: string) => {
  mkdirSync(join(part, 'criu'));
  writeFileSync(join(part, 'criu/pages-1.img'), text);
  writeFileSync(join(part, 'disk.img'), '');
  await execa('truncate', ['-s', '8M', join(part, 'disk.img')]);
};
const make = (text = 'memory') => createCheckpoint(paths, record, filled(text));

it('is complete or not at all, and an earlier one stays until then', async () => {
  expect(readCheckpoint(paths, 's.web')).toBeUndefined();
  const first = await make();
  expect(statSync(first.dir).mode & 0o777).toBe(0o700);
  expect(first.size).toBeLessThan(100_000);
  expect(readCheckpoint(paths, 's.web')).toEqual(first);

  const failing = createCheckpoint(paths, record, async (part) => {
    await filled('half')(part);
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(readCheckpoint(paths, 's.web')).toEqual(first);
  expect(readdirSync(checkpointsDir(paths, 's.web'))).toHaveLength(1);

  const second = await make('more');
  expect(listCheckpoints(paths)).toEqual([second]);
  expect(existsSync(first.dir)).toBe(false);
  await removeCheckpoint(paths, 's.web');
  expect(readdirSync(paths.root)).toEqual([]);
});

it('removes what a killed run has left', async () => {
  const made = await make();
  mkdirSync(join(checkpointsDir(paths, 's.web'), '.new/criu'), { recursive: true });
  mkdirSync(join(paths.root, 'disks'));
  writeFileSync(join(paths.root, 'disks/s.web.restored.img'), '');
  expect(hasStale(paths)).toBe(false);
  mkdirSync(checkpointNotesDir(paths), { recursive: true });
  // no process has this start time
  writeFileSync(join(checkpointNotesDir(paths), '1-1-s.web'), '');
  expect(hasStale(paths)).toBe(true);
  await sweepCheckpoints(paths);
  expect(hasStale(paths)).toBe(false);
  expect(readdirSync(checkpointsDir(paths, 's.web'))).toHaveLength(1);
  expect(readdirSync(join(paths.root, 'disks'))).toEqual([]);
  expect(readCheckpoint(paths, 's.web')).toEqual(made);
});

const notes = () => join(dir, 'notes');
async function exported(): Promise<string> {
  const file = join(dir, 'web.tar.zst');
  await exportCheckpoint(await make(), file, { key: KEY, notes: notes() });
  return file;
}

it('exports to one file for root alone, without values of the environment, and reads it back', async () => {
  const file = await exported();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  // the hole takes no room
  expect(statSync(file).size).toBeLessThan(10_000);
  const index = await readExported(file, KEY);
  expect(index.checkpoint).toMatchObject({ id: 's.web', spec: { environment: {} } });
  expect(JSON.stringify(index)).not.toContain('hush-hush');
  const to = join(dir, 'to');
  mkdirSync(to);
  await unpackExported(file, index, to);
  expect(readdirSync(to, { recursive: true }).sort()).toEqual([
    ...['criu', 'criu/pages-1.img', 'disk.img'],
  ]);
  expect(statSync(join(to, 'disk.img'))).toMatchObject({ size: 8 * 2 ** 20 });
  const again = exportCheckpoint(await make(), file, { key: KEY, notes: notes() });
  await expect(again).rejects.toThrow(`cannot write ${file}: it exists`);
});

it('accepts only what this installation has exported, as it was', async () => {
  const file = await exported();
  await expect(readExported(file, 'cd'.repeat(32))).rejects.toThrow(
    'it was not exported by this installation, or was changed since',
  );
  const index = await readExported(file, KEY);
  const tree = join(dir, 'tree');
  mkdirSync(tree);
  await execa('tar', ['--zstd', '-xf', file, '-C', tree]);
  const packed = async (name: string) => {
    const made = join(dir, name);
    await execa('tar', ['--zstd', '-cf', made, '-C', tree, ...readdirSync(tree)]);
    return made;
  };
  const to = () => mkdtempSync(join(dir, 'to-'));

  writeFileSync(join(tree, 'criu/pages-1.img'), 'memorY');
  await expect(unpackExported(await packed('bytes'), index, to())).rejects.toThrow(
    'it is damaged: criu/ is unexpected',
  );
  const flat = async (name: string, files: string[]) => {
    const made = join(dir, name);
    await execa('tar', ['--zstd', '-cf', made, '-C', tree, 'export.json', ...files]);
    return made;
  };
  const all = ['criu/pages-1.img', 'disk.img'];
  await expect(unpackExported(await flat('content', all), index, to())).rejects.toThrow(
    'criu/pages-1.img has another content',
  );
  await expect(unpackExported(await flat('less', ['disk.img']), index, to())).rejects.toThrow(
    'criu/pages-1.img is missing',
  );
  writeFileSync(join(tree, 'more'), '');
  await expect(unpackExported(await flat('more', [...all, 'more']), index, to())).rejects.toThrow(
    'more is unexpected',
  );
  rmSync(join(tree, 'criu/pages-1.img'));
  await execa('ln', ['-s', '/etc/passwd', join(tree, 'criu/pages-1.img')]);
  await expect(unpackExported(await flat('link', all), index, to())).rejects.toThrow(
    'criu/pages-1.img is unexpected',
  );
  const text = JSON.stringify({ ...index, files: [{ ...index.files[0], size: 7 }] });
  writeFileSync(join(tree, 'export.json'), text);
  await expect(readExported(await flat('index', all), KEY)).rejects.toThrow('was changed since');
});
