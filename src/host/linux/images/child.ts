import type { Readable, Writable } from 'node:stream';
import { launch, untilExit } from '../process/launch.js';
import { lastLines, readPaced, Tail } from '../process/output.js';
import { LONG } from '../process/run.js';
import { needProgram } from './tool.js';

/** A program that is fed and read while it runs. */
export interface Child {
  stdin: Writable;
  stdout: Readable;
  /** Rejects with "cannot <purpose>: <its complaint>". One whose reader is gone ends without a word. */
  ended: Promise<void>;
}

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
  const child = launch('setpriv', ['--pdeathsig', 'KILL', '--', ...words]);
  const { stdin, stdout, stderr } = child;
  const complaint = new Tail();
  readPaced(stderr, (part) => complaint.add(part));
  const ended = untilExit(child, LONG).ended.then(({ code, signal, killed }) => {
    if (code === 0 || signal === 'SIGPIPE') return;
    const said =
      lastLines(complaint.text()) || `${program}: ${killed ?? signal ?? `exit code ${code}`}`;
    throw new Error(`cannot ${purpose}: ${said}`);
  });
  // Its writer learns of a broken pipe by what it writes.
  stdin.on('error', () => {});
  // Whoever waits for it may do so only after something else has failed.
  ended.catch(() => {});
  return { stdin, stdout, ended };
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
