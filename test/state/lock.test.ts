import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LockedError } from '../../src/model/errors.js';
import type { InstallPaths } from '../../src/model/install-paths.js';
import { acquireLock } from '../../src/state/lock.js';
import { program, run } from './process.js';
import { makeInstallation } from './sample.js';

const holder = program('holder');
const now = { timeoutMs: 0 };

async function acquire(paths: InstallPaths, timeoutMs = 0) {
  const lock = await acquireLock(paths, { timeoutMs });
  onTestFinished(() => lock.release());
  return lock;
}

describe('the lock', () => {
  it('creates the root and one empty file, and nothing later', async () => {
    const paths = makeInstallation();
    (await acquire(paths)).release();
    const path = join(paths.root, '.lock');
    expect(statSync(paths.root).mode & 0o777).toBe(0o700);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const before = [paths.root, path].map((each) => statSync(each, { bigint: true }));
    (await acquire(paths)).release();
    expect([paths.root, path].map((each) => statSync(each, { bigint: true }))).toEqual(before);
    expect(statSync(path).size).toBe(0);
  });

  it('excludes the same process too, until released', async () => {
    const paths = makeInstallation();
    const lock = await acquire(paths);
    await expect(acquireLock(paths, now)).rejects.toThrow(LockedError);
    lock.release();
    const next = await acquire(paths);
    lock.release();
    await expect(acquireLock(paths, now)).rejects.toThrow(LockedError);
    next.release();
  });

  it('reports a holder that exceeds an interval, and what it waits for', async () => {
    const paths = makeInstallation();
    const first = run(holder, [paths.root, '0', 'child']);
    await first.line('locked');
    await sleep(1100);
    const young = await acquireLock(paths, now).catch((error: unknown) => error);
    expect(young).toMatchObject({ name: 'LockedError', overdue: false, isUsual: true });
    const error = await acquireLock(paths, { ...now, overdueMs: 1000 }).catch(
      (thrown: unknown) => thrown as LockedError,
    );
    expect(error).toMatchObject({ name: 'LockedError', overdue: true, isUsual: false });
    expect((error as LockedError).message).toMatch(
      /: pid \d+ \(holder\.mjs .*\), since \S+ holds it, for \d+ s now; nothing is healed until it ends\n {2}it waits for pid \d+ \(sleep 60\)/,
    );
    expect((error as LockedError).hint).toContain(`kill ${first.child.pid}`);
  });

  it('names the process that holds it, not the one that waits', async () => {
    const paths = makeInstallation();
    const first = run(holder, [paths.root]);
    await first.line('locked');
    const waiting = run(holder, [paths.root, '20000']);
    await sleep(300);
    const second = run(holder, [paths.root]);
    const said = await second.line('LockedError');
    expect(said).toMatch(
      new RegExp(
        `^LockedError: cannot lock ${paths.root}/.lock: pid ${first.child.pid} ` +
          `\\(holder.mjs ${paths.root}\\), since \\d\\d:\\d\\d:\\d\\d holds it$`,
      ),
    );
    const since = /since (\d+):(\d+):(\d+)/.exec(said)?.slice(1).map(Number) ?? [];
    const started = new Date().setHours(since[0] ?? 0, since[1], since[2]);
    expect(Math.abs(Date.now() - started)).toBeLessThan(20_000);
    expect(waiting.lines()).toEqual([]);
  });

  it('is released with a killed holder, even if its child lives on', async () => {
    const paths = makeInstallation();
    const { child, line, ended } = run(holder, [paths.root, '0', 'child']);
    const grandchild = Number((await line('locked')).split(' ')[1]);
    onTestFinished(() => void process.kill(grandchild, 'SIGKILL'));
    await expect(acquireLock(paths, now)).rejects.toThrow(LockedError);
    child.kill('SIGKILL');
    await ended;
    process.kill(grandchild, 0);
    (await acquire(paths)).release();
  });

  it('is held by a program it was shared with, which is named and waited for', async () => {
    const paths = makeInstallation();
    const { child, line, ended } = run(holder, [paths.root, '0', 'share']);
    const program = Number((await line('locked')).split(' ')[1]);
    const held = acquireLock(paths, { ...now, stragglersMs: 5000 });
    await expect(held, 'its run lives').rejects.toThrow(`.lock: pid ${child.pid} (holder.mjs`);
    child.kill('SIGKILL');
    await ended;
    const refused = acquireLock(paths, { ...now, stragglersMs: 100 }).catch((error) => error);
    expect(await refused).toMatchObject({
      stragglers: true,
      message: expect.stringMatching(
        new RegExp(
          `^cannot lock ${paths.root}/.lock: programs of a run that was cut off are still at work: ` +
            `pid ${program} \\(sleep 60\\), since \\d\\d:\\d\\d:\\d\\d$`,
        ),
      ),
      hint: `Wait until they have ended. To end programs that hang: kill -KILL ${program}`,
    });
    const waiting = acquireLock(paths, now);
    await sleep(100);
    process.kill(program, 'SIGKILL');
    (await waiting).release();
  });

  it('waits for its timeout', async () => {
    const paths = makeInstallation();
    const lock = await acquire(paths);
    const start = performance.now();
    await expect(acquireLock(paths, { timeoutMs: 250 })).rejects.toThrow(LockedError);
    expect(performance.now() - start).toBeGreaterThanOrEqual(249);
    const waiting = acquire(paths, 10_000);
    await sleep(50);
    lock.release();
    (await waiting).release();
  });

  it('reports a missing flock(1)', async () => {
    const paths = makeInstallation();
    const path = process.env.PATH;
    onTestFinished(() => {
      process.env.PATH = path;
    });
    process.env.PATH = '/nowhere';
    await expect(acquireLock(paths, now)).rejects.toThrow(/cannot lock .*flock ENOENT/);
  });
});

describe('the end of the last stack', () => {
  it('removes the lock, empty folders and the root', async () => {
    const paths = makeInstallation();
    const lock = await acquire(paths);
    mkdirSync(join(paths.root, 'volumes', 'shop'), { recursive: true });
    lock.release({ removeIfEmpty: true });
    expect(existsSync(paths.root)).toBe(false);
  });

  it('changes nothing while there is a table', async () => {
    const paths = makeInstallation();
    const lock = await acquire(paths);
    mkdirSync(join(paths.root, 'volumes', 'shop'), { recursive: true });
    writeFileSync(join(paths.root, 'volumes.csv'), '');
    lock.release({ removeIfEmpty: true });
    expect(readdirSync(paths.root).sort()).toEqual(['.lock', 'volumes', 'volumes.csv']);
    expect(readdirSync(join(paths.root, 'volumes'))).toEqual(['shop']);
  });

  it('leaves foreign files', async () => {
    const paths = makeInstallation();
    const lock = await acquire(paths);
    mkdirSync(join(paths.root, 'mine'));
    writeFileSync(join(paths.root, 'mine', 'note'), '');
    lock.release({ removeIfEmpty: true });
    expect(readdirSync(paths.root, { recursive: true }).sort()).toEqual(['mine', 'mine/note']);
  });

  it('never has two holders while processes acquire and remove it', async () => {
    const paths = makeInstallation();
    const lock = await acquire(paths);
    const others = Array.from({ length: 4 }, () => run(holder, [paths.root, '50000', 'release']));
    await sleep(400);
    lock.release({ removeIfEmpty: true });
    let held = 0;
    for (let turn = 0; turn < 30; turn++) {
      const mine = await acquire(paths, 10_000);
      // the holder has locked the file at this path, so nobody else can lock it
      await expect(acquireLock(paths, now)).rejects.toThrow(LockedError);
      expect(existsSync(join(paths.root, '.lock'))).toBe(true);
      mine.release({ removeIfEmpty: true });
      held++;
    }
    await Promise.all(others.map(({ line }) => line('locked')));
    expect(held).toBe(30);
  }, 60_000);
});
