import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { linuxHost } from '../../src/app/linux-host.js';
import { linuxDisks } from '../../src/host/linux/disks/index.js';
import { imageHandlers } from '../../src/kinds/image/handlers.js';
import type { ImageVerbs } from '../../src/kinds/image/steps.js';
import type { InstallPaths } from '../../src/model/install-paths.js';
import { difference, type Snapshot, snapshot } from '../support/leaks.js';
import { tarOf } from './host/archives.js';
import { temporaryInstallation } from './host/machinery.js';

type Build = ImageVerbs['image.build'];

const MiB = 2 ** 20;
const SHELL = { host: { binaries: ['/bin/busybox', '/bin/sh'], files: [] } };
let paths: InstallPaths;
let remove: () => void;
let before: Snapshot;
const at = (...names: string[]) => join(paths.root, ...names);
const web = () => at('images/shop.web.img');

beforeEach(async () => {
  ({ paths, remove } = temporaryInstallation());
  mkdirSync(at('images'), { mode: 0o700 });
  before = await snapshot({ root: paths.root });
});

/** A test may leave finished images and nothing else. */
afterEach(async () => {
  const left = difference(before, await snapshot({ root: paths.root }));
  const images = readdirSync(at('images'));
  remove();
  expect(images.filter((name) => !/^shop\.[a-z]+\.img$/.test(name))).toEqual([]);
  expect(left.filter((line) => !/: file |: state \/run\/baleine/.test(line))).toEqual([]);
});

const argsOf = (more: Partial<Build>): Build => ({
  id: 'shop.web',
  file: web(),
  size: 32 * MiB,
  from: SHELL,
  copy: [],
  run: [],
  environment: {},
  ...more,
});

async function make(more: Partial<Build> = {}): Promise<void> {
  const handler = imageHandlers(linuxHost(paths))['image.build'];
  if (!('one' in handler)) throw new Error('images are built one by one');
  await handler.one(argsOf(more));
}

async function inside<T>(file: string, look: (tree: string) => T | Promise<T>): Promise<T> {
  const disks = linuxDisks();
  await disks.ensureMounted(file, at('look'));
  try {
    return await look(at('look'));
  } finally {
    await disks.ensureUnmounted(at('look'));
  }
}

const read = (path: string) => (tree: string) => readFileSync(join(tree, path), 'utf8');

it('copies from the host, then copies files, then runs commands with their environment', async () => {
  writeFileSync(at('page'), 'hello ');
  const to = '/srv/www/index.html';
  await make({
    copy: [{ from: at('page'), to, owner: '0:0' }],
    run: [`printf %s "$WHO" >> ${to}`, `printf ! >> ${to}`],
    environment: { WHO: 'world' },
  });
  expect(statSync(web()).size).toBe(32 * MiB);
  expect(await inside(web(), read(to))).toBe('hello world!');
});

it('runs commands without a network', async () => {
  await make({ run: ['busybox ip -o link > /links'], environment: { PATH: '/bin' } });
  const links = (await inside(web(), read('links'))).trim().split('\n');
  expect(links.filter((line) => !/: (lo|sit0|tunl0|ip6tnl0)[@:]/.test(line))).toEqual([]);
});

it('builds on another image, grown, without changing it', async () => {
  await make({ run: ['echo base > /layer'] });
  const [derived, old] = [at('images/shop.derived.img'), readFileSync(web())];
  await make({
    file: derived,
    size: 48 * MiB,
    from: { image: 'web' },
    base: web(),
    run: ['echo derived >> /layer'],
  });
  expect(statSync(derived).size).toBe(48 * MiB);
  expect(await inside(derived, read('layer'))).toBe('base\nderived\n');
  expect(readFileSync(web()).equals(old)).toBe(true);
});

it('rebuilds beside the old file, which stays mounted', async () => {
  await make({ run: ['echo 1 > /version'] });
  const { ino } = statSync(web());
  await inside(web(), async (tree) => {
    await make({ run: ['echo 2 > /version'], size: 40 * MiB });
    expect(read('version')(tree)).toBe('1\n');
  });
  expect(statSync(web()).ino).not.toBe(ino);
  expect(statSync(web()).size).toBe(40 * MiB);
  expect(await inside(web(), read('version'))).toBe('2\n');
});

it('keeps the old file no matter where a build fails', async () => {
  await make({ run: ['echo 1 > /version'] });
  const old = statSync(web());
  mkdirSync(at('site'));
  const vanished = { from: at('gone'), to: '/x', owner: '0:0' };
  const failures: [Partial<Build>, RegExp][] = [
    [{ run: ['echo why it failed; exit 1'] }, /exit 1.*why it failed/s],
    [{ copy: [vanished] }, /cannot copy .*gone: no such file/],
    [{ from: { directory: at('gone') } }, /cannot copy .*gone: no such file/],
    [{ from: { tar: at('gone') } }, /cannot unpack .*gone: no such file/],
    [{ from: { image: 'b' }, base: at('gone') }, /gone/],
    [{ from: { directory: at('site') }, run: ['true'] }, /cannot run/],
    [{ run: ['busybox dd if=/dev/zero of=/big bs=1M count=64'] }, /No space left on device/],
  ];
  for (const [more, why] of failures) {
    await expect(make(more), String(why)).rejects.toThrow(why);
    expect(statSync(web())).toMatchObject({ ino: old.ino, mtimeMs: old.mtimeMs });
    expect(readdirSync(at('images'))).toEqual(['shop.web.img']);
  }
});

it('fails if a source disappears during the build, and succeeds once it is back', async () => {
  const from = { directory: at('rootfs') };
  const fill = () => {
    for (let index = 0; index < 40; index++) {
      mkdirSync(at('rootfs', `d${index}`), { recursive: true });
      for (let file = 0; file < 50; file++) {
        writeFileSync(at('rootfs', `d${index}`, `f${file}`), 'x'.repeat(10_000));
      }
    }
  };
  fill();
  const building = make({ from, size: 64 * MiB }).catch((error: Error) => error);
  const copying = await copierFrom(at('rootfs'));
  process.kill(copying, 'SIGSTOP');
  rmSync(at('rootfs'), { recursive: true });
  process.kill(copying, 'SIGCONT');
  expect(await building).toMatchObject({ message: expect.stringMatching(/No such file/) });
  expect(readdirSync(at('images'))).toEqual([]);
  fill();
  await make({ from, size: 64 * MiB });
  expect(await inside(web(), (tree) => readdirSync(tree).length)).toBe(41);
});

/** Waits for a cp(1) whose working directory is this folder. @returns its pid */
async function copierFrom(path: string): Promise<number> {
  for (;;) {
    const found = readdirSync('/proc').find((name) => {
      return /^\d+$/.test(name) && commandOf(name)[0] === 'cp' && folderOf(name) === path;
    });
    if (found !== undefined) return Number(found);
    await sleep(1);
  }
}

function folderOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** Empty for a process that has just ended. */
function commandOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** Builds in a separate process, which can be killed. */
async function builder(args: Build) {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const contents = `
    import { linuxHost } from './src/app/linux-host.ts';
    import { imageHandlers } from './src/kinds/image/handlers.ts';
    await imageHandlers(linuxHost(${JSON.stringify(paths)}))['image.build'].one(${JSON.stringify(args)});`;
  const banner = `import { createRequire } from 'node:module'; const require = createRequire('/');`;
  await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: banner },
    outfile: at('builder.mjs'),
    loader: { '.pl': 'text', '.sh': 'text' },
    logLevel: 'error',
  });
  return spawn(process.execPath, [at('builder.mjs')], { stdio: 'inherit' });
}

/** A sparse archive that takes long to unpack: tar writes its holes as zeros. */
function slowArchive(): string {
  const path = at('slow.tar');
  const [begun, large] = ['begun', 'large'].map((name) => tarOf([{ name }]).subarray(0, 512));
  const size = 2 ** 31;
  large?.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  large?.write(' '.repeat(8), 148, 'latin1');
  const sum = large?.reduce((all, each) => all + each, 0) ?? 0;
  large?.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  writeFileSync(path, Buffer.concat([begun ?? '', large ?? ''] as Buffer[]));
  truncateSync(path, 1024 + size + 1024);
  return path;
}

async function killDuringBuild(args: Build): Promise<void> {
  const child = await builder(args);
  const ended = once(child, 'exit');
  const tree = at('images/.shop.web.img.part.tree');
  while (!existsSync(join(tree, 'begun')) && child.exitCode === null) await sleep(5);
  child.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
}

it('builds again after it was killed while it unpacked', async () => {
  await killDuringBuild(argsOf({ from: { tar: slowArchive() }, size: 4096 * MiB }));
  await make({ run: ['echo again > /version'] });
  expect(await inside(web(), read('version'))).toBe('again\n');
});

it('builds again after it was killed while a command ran', async () => {
  await killDuringBuild(argsOf({ run: ['echo > /begun; exec busybox sleep 2'] }));
  await make({ run: ['echo again > /version'] });
  expect(await inside(web(), read('version'))).toBe('again\n');
  await sleep(2500);
});
