import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytePath, openFolder } from '../../../src/host/linux/files/open-folder.js';
import { withStaging } from '../../../src/host/linux/files/staging.js';
import { writeOutput } from '../../../src/host/linux/files/write-output.js';
import { lackingRoot } from '../../support/skip.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'output-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const at = (name: string) => join(dir, name);
const modeOf = (name: string) => statSync(at(name)).mode & 0o7777;

describe('a file', () => {
  it('is created with the requested mode, whatever existed', async () => {
    writeFileSync(at('plan'), 'old', { mode: 0o644 });
    const reader = readFileSync(at('plan'), 'utf8');
    await writeOutput(at('plan'), 'new', { mode: 0o600 });
    expect([reader, readFileSync(at('plan'), 'utf8'), modeOf('plan')]).toEqual([
      'old',
      'new',
      0o600,
    ]);
    expect(readdirSync(dir)).toEqual(['plan']);
  });

  it.skipIf(lackingRoot())('keeps mode and owner by default', async () => {
    writeFileSync(at('picture'), 'old');
    chownSync(at('picture'), 7, 8);
    chmodSync(at('picture'), 0o640);
    await writeOutput(at('picture'), 'new');
    const { uid, gid } = statSync(at('picture'));
    expect([uid, gid, modeOf('picture')]).toEqual([7, 8, 0o640]);
  });

  it('is replaced as the target of a link, which stays', async () => {
    mkdirSync(at('real'));
    writeFileSync(at('real/file'), 'old');
    symlinkSync('real/file', at('link'));
    await writeOutput(at('link'), 'new');
    expect([readlinkSync(at('link')), readFileSync(at('real/file'), 'utf8')]).toEqual([
      'real/file',
      'new',
    ]);
  });
});

describe('other types', () => {
  it('are written to: a FIFO', async () => {
    execFileSync('mkfifo', [at('fifo')]);
    const writing = writeOutput(at('fifo'), 'text');
    expect(await text(spawn('cat', [at('fifo')]).stdout)).toBe('text');
    await writing;
    expect(lstatSync(at('fifo')).isFIFO()).toBe(true);
  });

  it.skipIf(lackingRoot())('are written to: a device, also behind a link', async () => {
    execFileSync('mknod', [at('null'), 'c', '1', '3']);
    symlinkSync('null', at('link'));
    for (const name of ['null', 'link']) await writeOutput(at(name), 'text');
    expect(lstatSync(at('null')).isCharacterDevice()).toBe(true);
    expect(readdirSync(dir)).toEqual(['link', 'null']);
  });

  it.skipIf(lackingRoot())('report a full device, without our temporary path', async () => {
    execFileSync('mknod', [at('full'), 'c', '1', '7']);
    await expect(writeOutput(at('full'), 'text')).rejects.toThrow(
      new RegExp(`^cannot write ${at('full')}: No space left on device$`),
    );
  });

  it.skipIf(lackingRoot())('report a read-only folder, without our temporary path', async () => {
    const message = 'cannot write /proc/sys/x: no such file or directory';
    await expect(writeOutput('/proc/sys/x', 'text')).rejects.toThrow(message);
    const folder = openFolder(bytePath('/proc/sys'));
    const staged = withStaging(folder, undefined, async () => {});
    await expect(staged).rejects.toThrow('cannot write /proc/sys: no such file or directory');
    folder.close();
  });

  it('are refused: a socket, a folder, a dangling link', async () => {
    const server = createServer().listen(at('socket'));
    await once(server, 'listening');
    symlinkSync('gone', at('dangling'));
    symlinkSync('loop', at('loop'));
    mkdirSync(at('folder'));
    for (const [name, cause] of [
      ['socket', 'it is a socket'],
      ['dangling', 'it is a link that leads nowhere'],
      ['loop', 'it is a link that leads nowhere'],
      ['folder', 'it is a folder'],
      ['no/file', `there is no folder ${at('no')}`],
      ['new/', `there is no folder ${at('new/')}`],
      ['socket/file', `there is no folder ${at('socket')}`],
    ] as const) {
      const refused = await writeOutput(at(name), 'text').catch((error) => error);
      expect(refused.message).toBe(`cannot write ${at(name)}: ${cause}`);
      expect(refused.hint).toBeTruthy();
    }
    expect(lstatSync(at('socket')).isSocket()).toBe(true);
    expect(readdirSync(dir).sort()).toEqual(['dangling', 'folder', 'loop', 'socket']);
    server.close();
  });
});

describe.skipIf(lackingRoot())('a file of another account', () => {
  const refused = /: it belongs to another account, user id 1234$/;

  it('is refused if it is a link, in any folder', async () => {
    writeFileSync(at('victim'), 'kept');
    mkdirSync(at('home'));
    symlinkSync('../victim', at('home/link'));
    lchownSync(at('home/link'), 1234, 1234);
    for (const owner of [0, 1234]) {
      chownSync(at('home'), owner, owner);
      await expect(writeOutput(at('home/link'), 'text')).rejects.toThrow(refused);
    }
    expect(readFileSync(at('victim'), 'utf8')).toBe('kept');
  });

  it('is replaced in its owner’s folder, and refused in a shared one', async () => {
    mkdirSync(at('shared'));
    writeFileSync(at('shared/file'), 'old');
    chownSync(at('shared/file'), 1234, 1234);
    for (const mode of [0o1777, 0o777, 0o770]) {
      chmodSync(at('shared'), mode);
      await expect(writeOutput(at('shared/file'), 'text')).rejects.toThrow(refused);
    }
    chownSync(at('shared'), 1234, 1234);
    await writeOutput(at('shared/file'), 'new');
    expect(readFileSync(at('shared/file'), 'utf8')).toBe('new');
  });
});
