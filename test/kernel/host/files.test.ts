import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { linuxFiles } from '../../../src/host/linux/files/index.js';

const files = linuxFiles();
let dir: string;
const at = (...names: string[]) => join(dir, ...names);
const modeOf = (path: string) => statSync(path).mode & 0o7777;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'baleine-files-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const umask = process.umask(0o077);
  onTestFinished(() => void process.umask(umask));
});

describe('a folder', () => {
  it('is created with its parents, mode 0700 by default, regardless of the umask', async () => {
    await files.ensureDir(at('a', 'b'));
    expect([modeOf(at('a')), modeOf(at('a', 'b'))]).toEqual([0o700, 0o700]);
    await files.ensureDir(at('c', 'd'), 0o755);
    expect([modeOf(at('c')), modeOf(at('c', 'd'))]).toEqual([0o700, 0o755]);
    await files.ensureDir(at('c', 'd'));
    expect(modeOf(at('c', 'd'))).toBe(0o755);
    await files.ensureDir(at('c', 'd'), 0o700);
    expect(modeOf(at('c', 'd'))).toBe(0o700);
  });

  it('is not created in place of a file', async () => {
    writeFileSync(at('a'), '');
    await expect(files.ensureDir(at('a'))).rejects.toThrow(`cannot make folder ${at('a')}: EEXIST`);
  });
});

describe('writing', () => {
  it('replaces the old file by a new one', async () => {
    await files.write(at('f'), 'one');
    expect([modeOf(at('f')), readFileSync(at('f'), 'utf8')]).toEqual([0o600, 'one']);
    linkSync(at('f'), at('old'));
    writeFileSync(at('.f.tmp'), 'left by a crash');
    await files.write(at('f'), 'two', 0o644);
    expect([modeOf(at('f')), readFileSync(at('f'), 'utf8')]).toEqual([0o644, 'two']);
    expect(readFileSync(at('old'), 'utf8')).toBe('one');
    expect(readdirSync(dir).sort()).toEqual(['f', 'old']);
  });

  it('changes nothing when the text is the same', async () => {
    await files.write(at('f'), 'same', 0o644);
    const before = statSync(at('f'), { bigint: true });
    await files.write(at('f'), 'same', 0o644);
    const { atimeNs: _, atime: __, atimeMs: ___, ...after } = statSync(at('f'), { bigint: true });
    expect(before).toMatchObject(after);
    await files.write(at('f'), 'same', 0o600);
    expect(modeOf(at('f'))).toBe(0o600);
    writeFileSync(at('.f.tmp'), 'left by a crash');
    await files.write(at('f'), 'same');
    expect(readdirSync(dir)).toEqual(['f']);
  });

  it('replaces a link and leaves what it points to', async () => {
    writeFileSync(at('target'), 'text');
    symlinkSync('target', at('f'));
    await files.write(at('f'), 'text');
    expect(readdirSync(dir, { withFileTypes: true }).map((each) => each.isFile())).toEqual([
      true,
      true,
    ]);
    expect(readFileSync(at('target'), 'utf8')).toBe('text');
  });

  it('keeps only the old file when the disk is full', async () => {
    mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir);
    await files.write(at('f'), 'old');
    await expect(files.write(at('f'), 'x'.repeat(100_000))).rejects.toThrow(
      `cannot write ${at('f')}: ENOSPC`,
    );
    expect(readdirSync(dir)).toEqual(['f']);
    expect(readFileSync(at('f'), 'utf8')).toBe('old');
  });
});

describe('overwriting', () => {
  it('keeps the inode, through longer and shorter texts', async () => {
    writeFileSync(at('hosts'), 'a long text\n');
    const { ino } = statSync(at('hosts'));
    for (const text of ['é\n', '', 'a much longer text than before\n']) {
      expect(await files.overwrite(at('hosts'), text)).toBe(true);
      expect(readFileSync(at('hosts'), 'utf8')).toBe(text);
      expect(statSync(at('hosts')).ino).toBe(ino);
    }
  });

  it('creates no file', async () => {
    expect(await files.overwrite(at('hosts'), 'x')).toBe(false);
    expect(existsSync(at('hosts'))).toBe(false);
  });

  it('is seen through a bind mount', async () => {
    writeFileSync(at('hosts'), 'one');
    writeFileSync(at('bound'), '');
    mount('--bind', at('hosts'), at('bound'));
    await files.overwrite(at('hosts'), 'two');
    expect(readFileSync(at('bound'), 'utf8')).toBe('two');
  });

  it('does not follow a link', async () => {
    writeFileSync(at('target'), 'kept');
    symlinkSync('target', at('hosts'));
    await expect(files.overwrite(at('hosts'), 'x')).rejects.toThrow('ELOOP');
    expect(readFileSync(at('target'), 'utf8')).toBe('kept');
  });
});

describe('removing', () => {
  it('removes what a killed run was writing, whether or not the file was completed', async () => {
    for (const name of ['f', '.f.tmp', '.none.tmp', '.other.tmp']) writeFileSync(at(name), 'text');
    mkdirSync(at('d'));
    writeFileSync(at('.d.tmp'), 'no file of ours');
    for (const name of ['f', 'none', 'd']) await files.remove(at(name));
    expect(readdirSync(dir).sort()).toEqual(['.d.tmp', '.other.tmp']);
  });

  it('removes a file, a folder with its content, or nothing', async () => {
    writeFileSync(at('f'), '');
    mkdirSync(at('d', 'e'), { recursive: true });
    writeFileSync(at('d', 'e', '-rf'), '');
    for (const name of ['f', 'd', 'none', 'none/either']) await files.remove(at(name));
    expect(readdirSync(dir)).toEqual([]);
  });

  it('does not follow links', async () => {
    mkdirSync(at('kept'));
    writeFileSync(at('kept', 'file'), '');
    mkdirSync(at('d'));
    symlinkSync(at('kept'), at('d', 'in'));
    symlinkSync(at('kept'), at('link'));
    await files.remove(at('d'));
    await files.remove(at('link'));
    expect(readdirSync(dir)).toEqual(['kept']);
    expect(existsSync(at('kept', 'file'))).toBe(true);
  });

  it.each([
    ['another file system', () => ['-t', 'tmpfs', 'tmpfs']],
    ['a folder of the same file system', () => ['--bind', at('kept')]],
  ])('refuses %s mounted inside, before anything is removed', async (_, what) => {
    mkdirSync(at('kept'));
    writeFileSync(at('kept', 'file'), '');
    mkdirSync(at('d', 'mnt'), { recursive: true });
    writeFileSync(at('d', 'a'), '');
    mount(...what(), at('d', 'mnt'));
    const refused = `cannot remove ${at('d')}: ${at('d', 'mnt')} is a mount point`;
    await expect(files.remove(at('d'))).rejects.toThrow(refused);
    await expect(files.remove(at('d', 'mnt'))).rejects.toThrow('is a mount point');
    expect(readdirSync(at('d'))).toEqual(['a', 'mnt']);
    expect(existsSync(at('kept', 'file'))).toBe(true);
  });

  it('removes folders nested deeper than the longest path', async () => {
    mkdirSync(at('d'));
    const script = 'cd "$1" && for i in $(seq 60); do mkdir "$2" && cd -P "$2" || exit 1; done';
    execFileSync('bash', ['-c', script, 'bash', at('d'), 'x'.repeat(100)]);
    await files.remove(at('d'));
    expect(readdirSync(dir)).toEqual([]);
  });
});

/** In this process's private mount namespace. */
function mount(...args: string[]): void {
  execFileSync('mount', args);
  onTestFinished(() => void execFileSync('umount', [args.at(-1) ?? '']));
}
