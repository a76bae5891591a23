import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { withLock } from '../lock-share.js';
import { needProgram } from './tool.js';

/** A program that is fed and read while it runs. */
export interface Child {
  stdin: Writable;
  stdout: Readable;
  /** Rejects with "cannot <purpose>: <its complaint>". One whose reader is gone ends without a word. */
  ended: Promise<void>;
}

/** How much of its complaints is kept. */
const MOST_WORDS = 4000;

/**
 * Starts a program that is killed when we are.
 *
 * @param enter a command to stand in front of it, such as nsenter(1)
 * @throws UserError when it is not installed
 */
export function startChild(
  program: string,
  args: string[],
  { purpose, enter = [] }: { purpose: string; enter?: string[] },
): Child {
  const words = [...enter, needProgram(program, purpose), ...args];
  const { stdin, stdout, stderr, ...child } = spawnBound(words);
  let complaint = '';
  stderr.on('data', (text) => {
    complaint = `${complaint}${text}`.slice(-MOST_WORDS);
  });
  const ended = child.closed.then(({ code, signal }) => {
    if (code === 0 || signal === 'SIGPIPE') return;
    const lines = complaint.split('\n').filter((line) => line.trim() !== '');
    const said = lines.slice(-4).join('; ') || `${program}: ${signal ?? `exit code ${code}`}`;
    throw new Error(`cannot ${purpose}: ${said}`);
  });
  // Its writer learns of a broken pipe by what it writes.
  stdin.on('error', () => {});
  // Whoever waits for it may do so only after something else has failed.
  ended.catch(() => {});
  return { stdin, stdout, ended };
}

function spawnBound(words: string[]) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...words], {
    detached: true,
    stdio: withLock('pipe'),
    env: { ...process.env, LC_ALL: 'C' },
  });
  const { stdin, stdout, stderr } = child;
  const closed = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  return { stdin, stdout, stderr, closed };
}

/**
 * Waits until all have ended, and throws the first error that is a cause: that a pipe broke only
 * says that the one at its other end has failed.
 */
export async function together(...parts: Promise<unknown>[]): Promise<void> {
  const ended = await Promise.allSettled(parts);
  const errors = ended.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  if (errors.length > 0) throw errors.find((error) => !BROKEN.has(error?.code)) ?? errors[0];
}

const BROKEN = new Set<unknown>(['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE']);
