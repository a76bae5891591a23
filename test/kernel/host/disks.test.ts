import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linuxDisks } from '../../../src/host/linux/disks/index.js';
import { readMounts } from '../../../src/host/linux/disks/mount-table.js';
import type { Disks } from '../../../src/host/ports.js';
import type { InstallPaths } from '../../../src/model/install-paths.js';
import { difference, loops, type Snapshot, snapshot } from '../../support/leaks.js';
import { temporaryInstallation } from './machinery.js';

const MiB = 2 ** 20;
let disks: Disks;
let paths: InstallPaths;
let remove: () => void;
let before: Snapshot;
const at = (name: string) => join(paths.root, name);

beforeEach(async () => {
  ({ paths, remove } = temporaryInstallation());
  disks = linuxDisks();
  before = await snapshot({ root: paths.root });
});

/** A test may leave files, but no mounts or loop devices. */
afterEach(async () => {
  const left = difference(before, await snapshot({ root: paths.root }));
  remove();
  expect(left.filter((line) => !/: file /.test(line))).toEqual([]);
});

const write = (name: string) => async (tree: string) => writeFileSync(join(tree, name), name);
const optionsAt = (dir: string) =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((line) => line.split(' ')[4] === dir) ?? '';

const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

async function mounted<T>(file: string, look: (tree: string) => T): Promise<T> {
  await disks.ensureMounted(file, at('look'));
  try {
    return look(at('look'));
  } finally {
    await disks.ensureUnmounted(at('look'));
  }
}

describe('create', () => {
  it('makes a sparse, clean file system of the requested size with its content', async () => {
    await disks.create(at('a.img'), 256 * MiB, write('hello'));
    const { size, blocks, mode } = statSync(at('a.img'));
    expect(size).toBe(256 * MiB);
    expect(blocks * 512).toBeLessThan(16 * MiB);
    expect(mode & 0o777).toBe(0o600);
    execFileSync('e2fsck', ['-fn', at('a.img')], { stdio: 'ignore' });
    expect(await mounted(at('a.img'), (tree) => readFileSync(join(tree, 'hello'), 'utf8'))).toBe(
      'hello',
    );
    expect(readdirSync(paths.root)).toEqual(['a.img']);
  });

  it('leaves nothing if filling fails, and keeps the existing file', async () => {
    await disks.create(at('a.img'), 32 * MiB, write('old'));
    const failing = disks.create(at('a.img'), 32 * MiB, async () => {
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(readdirSync(paths.root)).toEqual(['a.img']);
    expect(await mounted(at('a.img'), (tree) => existsSync(join(tree, 'old')))).toBe(true);
  });

  it('removes the leftovers of an interrupted attempt', async () => {
    await disks.create(at('crashed.img'), 32 * MiB, write('half'));
    await disks.ensureMounted(at('crashed.img'), at('.a.img.part.tree'));
    writeFileSync(at('.a.img.part'), 'half');
    await disks.create(at('a.img'), 32 * MiB, write('x'));
    expect(readdirSync(paths.root).sort()).toEqual(['a.img', 'crashed.img']);
  });
});

describe('while another mount namespace has a copy of the mount', () => {
  /** Creates `a.img` while a script runs in another mount namespace. */
  async function fillWithHolder(script: string) {
    const holders: ChildProcess[] = [];
    const making = disks.create(at('a.img'), 32 * MiB, async (tree) => {
      const child = spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', tree]);
      holders.push(child);
      await once(child.stdout, 'data');
    });
    const outcome = await making.then(
      () => 'done',
      (error: Error) => error.message,
    );
    const end = async () => {
      for (const child of holders) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    };
    return { outcome, end };
  }

  it('is unmounted there too', async () => {
    const start = performance.now();
    const { outcome, end } = await fillWithHolder('echo started; exec sleep 60');
    const took = performance.now() - start;
    const left = loops(paths.root);
    await end();
    expect({ outcome, left }).toEqual({ outcome: 'done', left: [] });
    expect(took).toBeLessThan(5000);
  });

  it('is not considered done while a process there uses it', async () => {
    const { outcome, end } = await fillWithHolder('cd "$1"; echo started; exec sleep 60');
    const left = readdirSync(paths.root);
    await end();
    expect(outcome).toMatch(/^cannot finish .*\.part: \/dev\/loop\d+ still has it open/);
    expect(left).toEqual([]);
    await expect.poll(() => loops(paths.root)).toEqual([]);
  });
});

describe('copy and derive', () => {
  it('copies data rather than size, grows on request, and does not copy twice', async () => {
    await disks.create(at('a.img'), 64 * MiB, write('x'));
    await disks.copy(at('a.img'), at('b.img'), 512 * MiB);
    expect(statSync(at('b.img')).size).toBe(512 * MiB);
    expect(statSync(at('b.img')).blocks * 512).toBeLessThan(16 * MiB);
    const total = await mounted(at('b.img'), (tree) =>
      execFileSync('stat', ['-f', '-c', '%b', tree], { encoding: 'utf8' }),
    );
    expect(Number(total) * 4096).toBeGreaterThan(400 * MiB);
    const { ino } = statSync(at('b.img'));
    await disks.copy(at('a.img'), at('b.img'), 512 * MiB);
    expect(statSync(at('b.img')).ino).toBe(ino);
  });

  it('refuses to shrink', async () => {
    await disks.create(at('a.img'), 64 * MiB, write('x'));
    await expect(disks.copy(at('a.img'), at('b.img'), 32 * MiB)).rejects.toThrow(
      /cannot make .*b\.img/,
    );
    expect(readdirSync(paths.root)).toEqual(['a.img']);
  });

  it('creates a derived image with both contents', async () => {
    await disks.create(at('a.img'), 32 * MiB, write('one'));
    await disks.derive(at('a.img'), at('b.img'), 64 * MiB, write('two'));
    const names = await mounted(at('b.img'), (tree) => readdirSync(tree).sort());
    expect(names).toEqual(['lost+found', 'one', 'two']);
    expect(await mounted(at('a.img'), (tree) => existsSync(join(tree, 'two')))).toBe(false);
  });
});

describe('mounting', () => {
  it('mounts nodev,nosuid once, no matter how often it is called', async () => {
    await disks.create(at('a.img'), 32 * MiB, write('x'));
    await disks.ensureMounted(at('a.img'), at('m'));
    await disks.ensureMounted(at('a.img'), at('m'));
    expect(readMounts().filter(({ path }) => path === at('m'))).toHaveLength(1);
    expect(optionsAt(at('m'))).toMatch(/nosuid,nodev/);
    await expect(disks.ensureMounted(at('a.img'), at('other'))).rejects.toThrow(
      /it is mounted on .*\/m/,
    );
    await disks.ensureUnmounted(at('m'));
    await disks.ensureUnmounted(at('m'));
    expect(existsSync(at('m'))).toBe(false);
  });

  it('removes empty folders a runtime made in the mount point, and nothing with content', async () => {
    await disks.create(at('a.img'), 32 * MiB, write('x'));
    const bare = async () => {
      mkdirSync(at('m/etc/deep'), { recursive: true });
      writeFileSync(at('m/etc/hosts'), '');
      await disks.ensureMounted(at('a.img'), at('m'));
    };
    await bare();
    await disks.ensureUnmounted(at('m'));
    expect(existsSync(at('m'))).toBe(false);
    await bare();
    run('umount', at('m'));
    writeFileSync(at('m/etc/mine'), 'text');
    await expect(disks.ensureUnmounted(at('m'))).rejects.toThrow(/ENOTEMPTY/);
    expect(readdirSync(at('m/etc'))).toEqual(['mine']);
  });

  it('checks a file system marked with errors by the kernel', async () => {
    await disks.create(at('a.img'), 16 * MiB, write('hello'));
    const state = () => /^Filesystem state: +(.*)$/m.exec(run('dumpe2fs', '-h', at('a.img')))?.[1];
    run('debugfs', '-w', '-R', 'set_super_value state 3', at('a.img'));
    expect(state()).toBe('clean with errors');
    expect(await mounted(at('a.img'), (tree) => readdirSync(tree))).toContain('hello');
    expect(state()).toBe('clean');
  });

  it('refuses damage that e2fsck cannot repair, and quotes it', async () => {
    await disks.create(at('a.img'), 16 * MiB, write('hello'));
    run('debugfs', '-w', '-R', 'clri <2>', at('a.img'));
    run('debugfs', '-w', '-R', 'set_super_value state 3', at('a.img'));
    await expect(disks.ensureMounted(at('a.img'), at('look'))).rejects.toThrow(
      /cannot mount .*a\.img: e2fsck -p cannot repair it: \S/,
    );
  });

  it('refuses a truncated file, which e2fsck -n would accept', async () => {
    await disks.create(at('a.img'), 64 * MiB, write('x'));
    truncateSync(at('a.img'), 48 * MiB);
    await expect(disks.ensureMounted(at('a.img'), at('m'))).rejects.toThrow(
      /its file system needs 67108864/,
    );
    writeFileSync(at('no.img'), 'text');
    await expect(disks.ensureMounted(at('no.img'), at('m'))).rejects.toThrow(/no ext4 file system/);
    expect(existsSync(at('m'))).toBe(false);
  });

  it('refuses a folder on which something else is mounted', async () => {
    await disks.create(at('a.img'), 32 * MiB, write('x'));
    await disks.create(at('b.img'), 32 * MiB, write('x'));
    await disks.ensureMounted(at('a.img'), at('m'));
    await expect(disks.ensureMounted(at('b.img'), at('m'))).rejects.toThrow(/is mounted on/);
    await disks.ensureUnmounted(at('m'));
  });

  it('unmounts a busy one lazily; the loop device goes with its last user', async () => {
    await disks.create(at('a.img'), 32 * MiB, write('x'));
    await disks.ensureMounted(at('a.img'), at('m'));
    const held = openSync(join(at('m'), 'x'), 'r');
    await disks.ensureUnmounted(at('m'));
    expect(optionsAt(at('m'))).toBe('');
    expect(existsSync(at('m'))).toBe(false);
    closeSync(held);
    await expect
      .poll(() => execFileSync('losetup', ['-j', at('a.img')], { encoding: 'utf8' }))
      .toBe('');
  });

  it('copies, mounts and unmounts many at once, with an error only for those that fail', async () => {
    await disks.create(at('a.img'), 32 * MiB, write('x'));
    const names = Array.from({ length: 6 }, (_, index) => `m ${index}#\\`);
    const copies = names.map((name) => ({ from: at('a.img'), to: at(`${name}.img`) }));
    const missing = { from: at('no.img'), to: at('never.img') };
    const copied = await disks.copyAll([...copies, missing]);
    const cost = { bytes: expect.any(Number), shared: expect.any(Boolean) };
    expect(copied.map((each) => (each instanceof Error ? each.message : each))).toEqual([
      ...names.map(() => cost),
      expect.stringMatching(/^cannot copy .*no\.img to .*never\.img: xargs: .*No such file/),
    ]);
    expect(await disks.copyAll(copies)).toEqual(names.map(() => undefined));
    truncateSync(at('m 0#\\.img'), 16 * MiB);
    const mounts = names.map((name) => ({ file: at(`${name}.img`), dir: at(name) }));
    const mounted = await disks.mountAll(mounts);
    expect(mounted.map((error) => error?.message)).toEqual([
      expect.stringMatching(/it has 16777216 bytes, its file system needs 33554432$/),
      ...names.slice(1).map(() => undefined),
    ]);
    for (const name of names.slice(1)) {
      expect(existsSync(join(at(name), 'x'))).toBe(true);
      expect(optionsAt(at(name).replaceAll('\\', '\\134').replaceAll(' ', '\\040'))).toMatch(
        / rw,nosuid,nodev,/,
      );
    }
    expect(await disks.mountAll(mounts.slice(1))).toEqual(names.slice(1).map(() => undefined));
    // one of them is busy
    const used = openSync(join(at(names[1] ?? ''), 'x'), 'r');
    try {
      expect(await disks.unmountAll(names.map(at))).toEqual(names.map(() => undefined));
    } finally {
      closeSync(used);
    }
    for (const name of names) expect(existsSync(at(name))).toBe(false);
    expect(readdirSync(paths.root).filter((name) => name.includes('.part'))).toEqual([]);
  });

  it('mounts many without mount(8), which looks through all loop devices for each', async () => {
    await disks.create(at('a.img'), 32 * MiB, write('x'));
    const mounts = ['m1', 'm2'].map((name) => ({ file: at(`${name}.img`), dir: at(name) }));
    await disks.copyAll(mounts.map(({ file }) => ({ from: at('a.img'), to: file })));
    const { PATH } = process.env;
    mkdirSync(at('bin'));
    writeFileSync(at('bin/mount'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    process.env.PATH = `${at('bin')}:${PATH}`;
    try {
      expect(await disks.mountAll(mounts)).toEqual([undefined, undefined]);
    } finally {
      process.env.PATH = PATH;
    }
    for (const { dir } of mounts) expect(optionsAt(dir)).toContain(',errors=remount-ro');
    mkdirSync(at('m3/full/x'), { recursive: true });
    writeFileSync(at('m3/full/file'), 'x');
    expect(await disks.unmountAll([...mounts.map(({ dir }) => dir), at('m3')])).toEqual([
      undefined,
      undefined,
      expect.objectContaining({ code: 'ENOTEMPTY' }),
    ]);
    for (const { file } of mounts) expect(run('losetup', '-j', file)).toBe('');
  });
});
