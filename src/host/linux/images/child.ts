import type { Readable, Writable } from 'node:stream';
import { launch, untilExit } from '../process/launch.js';
import { lastLines, readPaced, Tail } from '../process/output.js';
import { LONG } from '../process/run.js';
import { requireProgram } from './tool.js';

/** A running program with piped input and output. */
export interface Child {
  stdin: Writable;
  stdout: Readable;
  /**
   * Rejects with "cannot <purpose>: <its complaint>". A program whose reader has ended ends silently.
   */
  ended: Promise<void>;
}

/**
 * Starts a program that is killed when we end.
 *
 * @param enter a command prefix, such as nsenter(1)
 * @throws UserError if it is not installed
 */
export function startChild(
  program: string,
  args: string[],
  { purpose, enter = [] }: { purpose: string; enter?: string[] },
): Child {
  const words = [...enter, requireProgram(program, purpose), ...args];
  const child = launch('setpriv', ['--pdeathsig', 'KILL', '--', ...words]);
  const { stdin, stdout, stderr } = child;
  const complaint = new Tail();
  readPaced(stderr, (part) => complaint.add(part));
  const ended = untilExit(child, LONG).ended.then(({ code, signal, killed }) => {
    if (code === 0 || signal === 'SIGPIPE') return;
    const message =
      lastLines(complaint.text()) || `${program}: ${killed ?? signal ?? `exit code ${code}`}`;
    throw new Error(`cannot ${purpose}: ${message}`);
  });
  // The writer learns of a broken pipe from its write calls.
  stdin.on('error', () => {});
  // The result may be awaited only after something else has failed.
  ended.catch(() => {});
  return { stdin, stdout, ended };
}

/**
 * Waits until all parts have ended and throws the first root cause: a broken pipe only means that
 * the process at its other end failed.
 */
export async function together(...parts: Promise<unknown>[]): Promise<void> {
  const ended = await Promise.allSettled(parts);
  const errors = ended.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  if (errors.length > 0) throw errors.find((error) => !BROKEN.has(error?.code)) ?? errors[0];
}

/** For a pipe between programs that report their own failures. */
export function unlessBroken(error: unknown): void {
  if (!BROKEN.has((error as NodeJS.ErrnoException).code)) throw error;
}

/** A pipeline whose reader has ended aborts what feeds it. */
const BROKEN = new Set<unknown>([
  ...['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'],
]);
