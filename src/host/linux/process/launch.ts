import {
  type ChildProcess,
  type ChildProcessByStdio,
  type StdioOptions,
  spawn,
} from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { withResetAttributes } from './attributes.js';
import { environment } from './environment.js';
import { withLock } from './lock-share.js';
import { killTree } from './tree.js';

export interface LaunchOptions {
  cwd?: string;
  /** Added to the environment that every program gets (environment.ts). */
  env?: Record<string, string>;
  /** It runs untrusted code and gets nothing of ours, not even the lock. */
  foreign?: boolean;
}

/** A running program with piped streams. */
export type Launched = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts a program without a shell and without our descriptors except the lock, with an environment
 * and attributes that do not depend on our caller. It runs in its own session, so Ctrl-C at the
 * terminal does not reach it. Failures are reported by an event, as with `spawn`.
 */
export function launch(program: string, args: string[], options: LaunchOptions = {}): Launched {
  return start(program, args, options, 'pipe') as Launched;
}

/** Same without input. */
export function launchReader(
  program: string,
  args: string[],
  options: LaunchOptions = {},
): ChildProcessByStdio<null, Readable, Readable> {
  return start(program, args, options, 'ignore') as ChildProcessByStdio<null, Readable, Readable>;
}

/**
 * Starts a program that goes on without us, however we end: it gets no stream of ours, and not the lock.
 * Nobody waits for it, or learns that it could not be started.
 */
export function launchDetached(program: string, args: string[]): void {
  const [first, ...words] = withResetAttributes(program, args);
  const options = { detached: true, stdio: 'ignore', env: environment(), cwd: '/' } as const;
  spawn(first, words, options)
    .on('error', () => undefined)
    .unref();
}

/** The reason for stopping all programs; undefined in normal operation. */
let stopping: string | undefined;
/** Number of cleanups in progress. */
let undoing = 0;
const running = new Set<Exit['kill']>();

/**
 * Ends every program that we wait for, and starts no more except for cleanup: we were interrupted.
 */
export function stopPrograms(reason: string): void {
  stopping = reason;
  for (const kill of running) kill(reason);
}

/**
 * Runs cleanup that is required however the work ended; its programs start even after an
 * interruption.
 */
export async function runCleanup<T>(act: () => Promise<T>): Promise<T> {
  undoing += 1;
  try {
    return await act();
  } finally {
    undoing -= 1;
  }
}

function start(
  program: string,
  args: string[],
  { cwd, env, foreign }: LaunchOptions,
  input: 'ignore' | 'pipe',
): ChildProcess {
  if (stopping !== undefined && undoing === 0) throw new Error(stopping);
  const [first, ...words] = withResetAttributes(program, args);
  const stdio: StdioOptions = foreign ? [input, 'pipe', 'pipe'] : withLock(input);
  const options = { detached: true, env: environment(env), stdio };
  return spawn(first, words, cwd === undefined ? options : { ...options, cwd });
}

/** Milliseconds for a killed process to end; one that waits for a dead device never does. */
const KILL_TIMEOUT = 5000;

/** How a program ended, or why it did not start. */
export interface ProgramEnd {
  code?: number | undefined;
  stdout?: string;
  stderr?: string;
  /** Errno of a failed start, `ENOENT`. */
  problem?: string | undefined;
  signal?: string | undefined;
  /** Why we killed it, for example `no end after 2s`. */
  killed?: string | undefined;
}

/**
 * Waits for the process itself to end, not for its streams, which its descendants may keep open.
 *
 * @param limit milliseconds, after which its session and descendants are killed
 */
export function untilExit(child: ChildProcess, limit?: number): Exit {
  let killed: string | undefined;
  let kill: (reason: string) => void = () => undefined;
  const killNow = (reason: string) => kill(reason);
  running.add(killNow);
  const ended = new Promise<ProgramEnd>((resolve) => {
    const timers: NodeJS.Timeout[] = [];
    const end = (how: ProgramEnd) => {
      for (const each of timers) clearTimeout(each);
      running.delete(killNow);
      kill = () => undefined;
      // stop waiting for a process that cannot be killed
      child.unref();
      resolve({ ...how, killed });
    };
    child.on('error', ({ code }: NodeJS.ErrnoException) => end({ problem: code }));
    child.on('exit', (code, signal) =>
      end({ code: code ?? undefined, signal: signal ?? undefined }),
    );
    kill = (reason) => {
      if (killed !== undefined || child.pid === undefined) return;
      killed = reason;
      killTree(child.pid);
      timers.push(setTimeout(() => end({ signal: 'SIGKILL' }), KILL_TIMEOUT));
    };
    if (limit !== undefined) {
      timers.push(setTimeout(() => kill(`no end after ${readable(limit)}`), limit));
    }
  });
  return { ended, kill: killNow };
}

export interface Exit {
  /** Never rejects. */
  ended: Promise<ProgramEnd>;
  /** Kills the process tree; the reason appears in the error. Later calls do nothing. */
  kill(reason: string): void;
}

/** `1500 ms`, `2s`, `10m`. */
function readable(milliseconds: number): string {
  if (milliseconds % 1000 !== 0) return `${milliseconds} ms`;
  const seconds = milliseconds / 1000;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}
