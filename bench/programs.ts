import { join } from 'node:path';
import { startedIn, tracedCalls, tracing } from '../test/support/strace.js';
import { type Command, time } from './time.js';

/** The programs that a command starts, in order, without itself. */
export function programs(command: Command, dir: string): string[] {
  const log = join(dir, 'strace.log');
  time(['strace', ...tracing('execve', log), ...command]);
  return startedIn(tracedCalls(log));
}
