import { LockedError, messageOf, UserError } from '../model/errors.js';
import { printableLines } from '../model/printable.js';

/** EX_TEMPFAIL of sysexits.h: try again later. */
export const LOCKED = 75;
/** As a shell has it for SIGINT: 128 + 2. */
export const INTERRUPTED = 130;

/** A signal has ended the work, and it was undone. */
export class Interrupted extends Error {
  constructor(readonly exitCode: number) {
    super('interrupted');
  }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  return error instanceof LockedError ? LOCKED : 1;
}

/** The message and what to do; the stack only of what is no one's mistake but ours. */
export function errorText(error: unknown): string {
  const lines = [`Error: ${messageText(error)}`];
  if (error instanceof UserError && error.hint) {
    lines.push(...error.hint.split('\n').map((line) => `  ${line}`));
  }
  if (isFault(error)) lines.push(`  ${REPORT}`);
  const stack = error instanceof Error && !(error instanceof UserError) ? error.stack : undefined;
  if (stack && process.env.BALEINE_DEBUG) lines.push(stack);
  return `${printableLines(lines.join('\n'))}\n`;
}

/** A UserError lays its lines out itself; what follows the first line of any other is below it. */
function messageText(error: unknown): string {
  const message = messageOf(error);
  return error instanceof UserError ? message : message.split('\n').join('\n  ');
}

const REPORT =
  'This is a mistake in baleine itself. Please report it, with what BALEINE_DEBUG=1 adds to this.';

/** What JavaScript itself throws, never we. */
function isFault(error: unknown): boolean {
  return [TypeError, RangeError, ReferenceError, SyntaxError].some((each) => error instanceof each);
}
