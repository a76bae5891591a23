import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { flockDescriptor } from '../host/linux/process/flock.js';
import { LockedError } from '../model/errors.js';
import { type InstallPaths, lockFile } from '../model/install-paths.js';
import { poll } from '../model/poll.js';
import { holdersOf, type LockHolder, type LockHolders, programsOf } from './lock-holders.js';

/** The exclusive right to write below a root, until the process ends, however it ends. */
export interface Lock {
  /**
   * Descriptor of the locked file. A program that inherits it also holds the lock, until both have
   * ended.
   */
  descriptor: number;
  /**
   * Releases the lock; further calls do nothing. With `removeIfEmpty`, if no table is left, also
   * removes the empty folders below the root, the lock file, and the root itself if it is empty.
   */
  release(how?: { removeIfEmpty?: boolean }): void;
}

export interface LockTimeouts {
  /** Milliseconds to wait for another run; 0: fail at once. */
  timeoutMs: number;
  /**
   * Milliseconds, from the start too, to wait for programs left behind by a killed run; default 10
   * s. They either end soon or hang.
   */
  stragglersMs?: number;
  /** Milliseconds after which a running run may be hanging; default one minute. */
  overdueMs?: number;
}

/**
 * Acquires the lock of a root, which is created (mode 0700) if it does not exist. Waits as long as
 * requested, then throws LockedError with the holders.
 *
 * It is a flock(2) on our own open file description: the kernel releases it when the last
 * descriptor is closed, and Node opens files close-on-exec, so after a crash only those programs
 * still hold it that it was deliberately shared with.
 */
export async function acquireLock(
  paths: InstallPaths,
  { timeoutMs, stragglersMs = 10_000, overdueMs = INTERVAL }: LockTimeouts,
): Promise<Lock> {
  const path = lockFile(paths);
  const attempt = () => tryLock(paths.root, path);
  const attemptOrHolders = () => attempt() ?? holdersOf(path);
  const got =
    (await poll(attempt, { ...PACE, limit: timeoutMs })) ??
    (await poll<number | LockHolders>(attemptOrHolders, {
      ...PACE,
      limit: stragglersMs - timeoutMs,
      until: (each) => typeof each === 'number' || each.run !== undefined,
    }));
  if (typeof got === 'number') return lockOf(paths.root, path, got);
  throw lockedError(path, overdueMs, got);
}

/** Milliseconds between two attempts. */
const PACE = { pause: 20, maxPause: 500 };

/** A descriptor that holds the lock, or undefined if another process does. */
function tryLock(root: string, path: string): number | undefined {
  for (;;) {
    const fd = open(root, path);
    if (fd === undefined) continue;
    const locked = flock(fd, path);
    if (locked && isSameFile(fd, path)) return fd;
    closeSync(fd);
    // Locked, but no longer the file at the path: its last holder has removed it.
    if (!locked) return undefined;
  }
}

/** Undefined if a holder removed the root between the two calls. */
function open(root: string, path: string): number | undefined {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @throws UserError if it cannot be determined */
function flock(fd: number, path: string): boolean {
  try {
    return flockDescriptor(fd, path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function isSameFile(fd: number, path: string): boolean {
  const seen = statSync(path, { throwIfNoEntry: false });
  const ours = fstatSync(fd);
  return seen?.ino === ours.ino && seen.dev === ours.dev;
}

function lockOf(root: string, path: string, fd: number): Lock {
  let held = true;
  return {
    descriptor: fd,
    release: ({ removeIfEmpty = false } = {}) => {
      if (!held) return;
      held = false;
      try {
        if (removeIfEmpty) removeRoot(root, path);
      } finally {
        closeSync(fd);
      }
    },
  };
}

/** The event log and similar files are removed together with the last resource. */
const LOG_FILES = ['events.log', 'events.log.1', 'host.json', '.host.json.tmp', 'stacks.csv'];

/**
 * Auxiliary data that outlives the last resource: see aux-tables.ts, which a no-op run does not load.
 */
const AUX_FILES = ['destroyed.csv', 'crontabs.csv', 'stacks.csv'];

/**
 * Called while we hold the lock: whoever waits for the removed file notices that it is no longer at
 * the path and starts over; whoever creates a new one in between keeps the root from being removed.
 */
function removeRoot(root: string, path: string): void {
  const names = readdirSync(root);
  if (names.some((name) => name.endsWith('.csv') && !AUX_FILES.includes(name))) return;
  for (const name of [...LOG_FILES, ...names.flatMap(leftoversOf)])
    rmSync(join(root, name), { force: true });
  removeEmptyFolders(root, statSync(root).dev);
  unlinkSync(path);
  removeFolder(root);
}

/** Leftovers of an interrupted removal of the tables: a table and its backup. */
function leftoversOf(name: string): string[] {
  const table = /^\.(.+\.csv)\.tmp$/.exec(name)?.[1];
  return table === undefined ? [] : [name, `${table}.bak`];
}

function removeEmptyFolders(dir: string, dev: number): void {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (!entry.isDirectory() || statSync(path).dev !== dev) continue;
    removeEmptyFolders(path, dev);
    removeFolder(path);
  }
}

/** Keeps it if it is not empty, or if something is mounted there. */
function removeFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EBUSY') throw error;
  }
}

function lockedError(
  path: string,
  overdueMs: number,
  { run, programs = [] }: LockHolders = {},
): LockedError {
  const cannot = `cannot lock ${path}`;
  if (run === undefined && programs.length > 0) {
    const names = programs.map(({ text }) => text).join('; ');
    const kill = `kill -KILL ${programs.map(({ pid }) => pid).join(' ')}`;
    return new LockedError(
      `${cannot}: programs of a run that was cut off are still at work: ${names}`,
      `Wait until they have ended. To end programs that hang: ${kill}`,
      { stragglers: true },
    );
  }
  if (run && run.age >= overdueMs) return overdueError(cannot, run);
  return new LockedError(
    `${cannot}: ${run?.text ?? 'another process'} holds it`,
    'Wait until it has ended, or give --lock-timeout.',
  );
}

/**
 * If cron starts a run every minute, as in its crontab line, the previous run has ended by then.
 */
const INTERVAL = 60_000;

function overdueError(cannot: string, { pid, text, age }: LockHolder): LockedError {
  const waits = programsOf(pid).map((each) => `  it waits for ${each}`);
  return new LockedError(
    [
      `${cannot}: ${text} holds it, for ${Math.floor(age / 1000)} s now; nothing is healed until it ends`,
      ...waits,
    ],
    `To end a hanging run: kill ${pid}   # or kill -KILL; the next run continues its work`,
    { overdue: true },
  );
}
