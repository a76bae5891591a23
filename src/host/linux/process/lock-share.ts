/**
 * A program goes on when the run that started it is killed: it is in a session of its own, and a
 * half-made file system or a half-deleted container would be no better. So each holds the lock
 * together with the run, and the kernel gives it to the next run when the last of them has ended.
 */
let descriptor: number | undefined;

/** Programs started from now on hold the lock of this descriptor; undefined: none any more. */
export function shareLock(lock: number | undefined): void {
  descriptor = lock;
}

/** What a program reads from. */
type Input = 'ignore' | 'pipe';

/** Three streams, and behind them what its type says nothing of. */
export type Streams<In> = [stdin: In, stdout: 'pipe', stderr: 'pipe'];

/**
 * The streams of a program that holds the lock. Not for what lives on after the run, nor for what
 * runs a stranger's code.
 */
export function withLock<In extends Input>(input: In): Streams<In> {
  const streams: Streams<In> = [input, 'pipe', 'pipe'];
  if (descriptor !== undefined) (streams as (string | number)[]).push(descriptor);
  return streams;
}
