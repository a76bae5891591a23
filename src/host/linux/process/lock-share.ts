/**
 * A program continues after the run that started it was killed: it has its own session, and a
 * half-made file system or a half-deleted container would be no better. So each program shares the
 * lock with its run, and the kernel releases it when the last of them has ended.
 */
let descriptor: number | undefined;

/** Programs started from now on hold the lock of this descriptor; undefined: none. */
export function shareLock(lock: number | undefined): void {
  descriptor = lock;
}

/** What a program reads from. */
type Input = 'ignore' | 'pipe';

/** The three standard streams; spawn's types do not cover further descriptors. */
export type Streams<In> = [stdin: In, stdout: 'pipe', stderr: 'pipe'];

/**
 * The streams of a program that holds the lock. Not for programs that outlive the run or that run
 * untrusted code.
 */
export function withLock<In extends Input>(input: In): Streams<In> {
  const streams: Streams<In> = [input, 'pipe', 'pipe'];
  if (descriptor !== undefined) (streams as (string | number)[]).push(descriptor);
  return streams;
}
