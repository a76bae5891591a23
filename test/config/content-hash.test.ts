import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fingerprint, missingSources, refuseNoFolder } from '../../src/config/content-hash.js';
import { lackingRoot } from '../support/skip.js';

let dir: string;
const at = (...names: string[]) => join(dir, ...names);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sources-'));
  mkdirSync(at('site/css'), { recursive: true });
  writeFileSync(at('site/index.html'), 'hello');
  writeFileSync(at('site/css/a.css'), 'b');
  symlinkSync('index.html', at('site/home'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const changes: [string, () => void][] = [
  ['a byte', () => writeFileSync(at('site/index.html'), 'hellO')],
  ['a mode', () => chmodSync(at('site/css/a.css'), 0o600)],
  ['a new file', () => writeFileSync(at('site/css/new'), '')],
  ['an empty folder', () => mkdirSync(at('site/empty'))],
  ['a file less', () => rmSync(at('site/css/a.css'))],
  ['a name', () => renameSync(at('site/css/a.css'), at('site/css/b.css'))],
  ['a place', () => renameSync(at('site/css/a.css'), at('site/a.css'))],
  [
    'where a link leads',
    () => {
      rmSync(at('site/home'));
      symlinkSync('css', at('site/home'));
    },
  ],
  [
    'a file for a link of the same text',
    () => {
      rmSync(at('site/home'));
      writeFileSync(at('site/home'), 'index.html');
    },
  ],
];

describe('fingerprint', () => {
  it.each(changes)('changes with %s', (_name, change) => {
    const before = fingerprint([at('site')]);
    change();
    expect(fingerprint([at('site')])).not.toBe(before);
  });

  it.skipIf(lackingRoot())('changes with an owner', () => {
    const before = fingerprint([at('site')]);
    chownSync(at('site/index.html'), 1, 1);
    expect(fingerprint([at('site')])).not.toBe(before);
  });

  it('is equal for equal content at another time and path', () => {
    const before = fingerprint([at('site')]);
    cpSync(at('site'), at('copy'), { recursive: true, verbatimSymlinks: true });
    utimesSync(at('copy/index.html'), 1, 1);
    expect(fingerprint([at('copy')])).toBe(before);
  });

  it('distinguishes where one source ends and the next begins', () => {
    for (const name of ['a', 'b']) mkdirSync(at(name));
    writeFileSync(at('a/x'), '');
    const before = fingerprint([at('a'), at('b')]);
    renameSync(at('a/x'), at('b/x'));
    expect(fingerprint([at('a'), at('b')])).not.toBe(before);
  });

  it('follows a source that is a link', () => {
    symlinkSync(at('site'), at('link'));
    const before = fingerprint([at('link')]);
    expect(before).toBe(fingerprint([at('site')]));
    writeFileSync(at('site/index.html'), 'else');
    expect(fingerprint([at('link')])).not.toBe(before);
  });

  it('does not read large files, but notices writes to them', () => {
    writeFileSync(at('rootfs.tar'), '');
    truncateSync(at('rootfs.tar'), 2 ** 40);
    const before = fingerprint([at('rootfs.tar')]);
    expect(fingerprint([at('rootfs.tar')])).toBe(before);
    const { atime, mtimeMs } = statSync(at('rootfs.tar'));
    utimesSync(at('rootfs.tar'), atime, mtimeMs / 1000 + 1);
    expect(fingerprint([at('rootfs.tar')])).not.toBe(before);
  });

  it('names the missing source', () => {
    symlinkSync('nowhere', at('dangling'));
    const paths = [at('site'), at('gone'), at('dangling')];
    expect(missingSources(paths)).toEqual([at('gone'), at('dangling')]);
    expect(() => fingerprint(paths)).toThrow(`cannot read ${at('gone')}: no such file or folder`);
  });
});

describe('names that are not UTF-8', () => {
  const named = (...bytes: number[]) =>
    Buffer.concat([Buffer.from(at('site/')), Buffer.from(bytes)]);

  it.each([
    ['a file', (name: Buffer) => writeFileSync(name, 'same')],
    ['a link', (name: Buffer) => symlinkSync('same', name)],
  ])('of %s differ in their bytes', (_what, make) => {
    const prints = [[0xe9], [0xe8]].map((bytes) => {
      make(named(...bytes));
      const print = fingerprint([at('site')]);
      rmSync(named(...bytes));
      return print;
    });
    expect(new Set(prints).size).toBe(2);
  });

  it('differ as targets of a link', () => {
    const prints = [0xe9, 0xe8].map((byte) => {
      symlinkSync(Buffer.from([byte]), at('site/odd'));
      const print = fingerprint([at('site')]);
      rmSync(at('site/odd'));
      return print;
    });
    expect(new Set(prints).size).toBe(2);
  });
});

it('refuses a device or a pipe as a source, and a file as a root file system', () => {
  execFileSync('mkfifo', [at('fifo')]);
  expect(() => fingerprint([at('fifo')])).toThrow(
    /fifo: it is a named pipe, not a file or folder$/,
  );
  expect(() => fingerprint(['/dev/zero'])).toThrow(/zero: it is a device, not a file or folder$/);
  expect(() => refuseNoFolder(at('site/index.html'))).toThrow(/it is a file, not a folder$/);
  refuseNoFolder(at('site'));
});
