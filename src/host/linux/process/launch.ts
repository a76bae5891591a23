import {
  type ChildProcess,
  type ChildProcessByStdio,
  type StdioOptions,
  spawn,
} from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { wrapped } from './attributes.js';
import { environment } from './environment.js';
import { withLock } from './lock-share.js';
import { killTree } from './tree.js';

export interface LaunchOptions {
  cwd?: string;
  /** Added to the environment that every program gets (environment.ts). */
  env?: Record<string, string>;
  /** It runs code of others, which is to have nothing of ours, not even the lock. */
  foreign?: boolean;
}

/** A program at work, to be written to and read from. */
export type Launched = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts a program without a shell and without our descriptors but for the lock, with the same
 * environment and attributes from wherever we were called. It is in a session of its own, out of
 * reach of Ctrl-C at the terminal. It fails by an event, as `spawn` does.
 */
export function launch(program: string, args: string[], options: LaunchOptions = {}): Launched {
  return start(program, args, options, 'pipe') as Launched;
}

/** The same without input. */
export function launchReader(
  program: string,
  args: string[],
  options: LaunchOptions = {},
): ChildProcessByStdio<null, Readable, Readable> {
  return start(program, args, options, 'ignore') as ChildProcessByStdio<null, Readable, Readable>;
}

/** Why programs are ended; undefined while all is well. */
let stopping: string | undefined;
/** How many parts of an undo are under way. */
let undoing = 0;
const running = new Set<Exit['kill']>();

/** Ends every program that we wait for, and starts none any more but to undo: we were interrupted. */
export function stopPrograms(reason: string): void {
  stopping = reason;
  for (const kill of running) kill(reason);
}

/** For what has to be done however the work has ended; its programs start also after an interruption. */
export async function undo<T>(act: () => Promise<T>): Promise<T> {
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
  const [first, ...words] = wrapped(program, args);
  const stdio: StdioOptions = foreign ? [input, 'pipe', 'pipe'] : withLock(input);
  const options = { detached: true, env: environment(env), stdio };
  return spawn(first, words, cwd === undefined ? options : { ...options, cwd });
}

/** Milliseconds for a killed process to be gone; one that waits for a dead device never is. */
const PATIENCE = 5000;

/** How a program has ended, or why it did not start. */
export interface Ended {
  code?: number | undefined;
  stdout?: string;
  stderr?: string;
  /** Errno of a failed start, `ENOENT`. */
  problem?: string | undefined;
  signal?: string | undefined;
  /** Why we have ended it, as `no end after 2s`. */
  killed?: string | undefined;
}

/**
 * Waits for the process itself to end, not for its streams, which whatever it has left may hold.
 *
 * @param limit milliseconds, then all of its session and descendants are killed
 */
export function untilExit(child: ChildProcess, limit?: number): Exit {
  let killed: string | undefined;
  let kill: (reason: string) => void = () => undefined;
  const killNow = (reason: string) => kill(reason);
  running.add(killNow);
  const ended = new Promise<Ended>((resolve) => {
    const timers: NodeJS.Timeout[] = [];
    const end = (how: Ended) => {
      for (const each of timers) clearTimeout(each);
      running.delete(killNow);
      kill = () => undefined;
      // we do not wait any longer for one that cannot be killed
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
      timers.push(setTimeout(() => end({ signal: 'SIGKILL' }), PATIENCE));
    };
    if (limit !== undefined) {
      timers.push(setTimeout(() => kill(`no end after ${readable(limit)}`), limit));
    }
  });
  return { ended, kill: killNow };
}

export interface Exit {
  /** Never rejects. */
  ended: Promise<Ended>;
  /** Kills all of it, for a reason that the error gives; later calls do nothing. */
  kill(reason: string): void;
}

/** `1500 ms`, `2s`, `10m`. */
function readable(milliseconds: number): string {
  if (milliseconds % 1000 !== 0) return `${milliseconds} ms`;
  const seconds = milliseconds / 1000;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}
