import { LockedError, messageOf, UserError } from '../model/errors.js';

/** EX_TEMPFAIL of sysexits.h: try again later. */
export const LOCKED = 75;
/** As a shell has it for SIGINT: 128 + 2. */
export const INTERRUPTED = 130;

export function exitCodeOf(error: unknown): number {
  return error instanceof LockedError ? LOCKED : 1;
}

/** The message and what to do; the stack only of what is no one's mistake but ours. */
export function errorText(error: unknown): string {
  const lines = [`Error: ${messageOf(error)}`];
  if (error instanceof UserError && error.hint) {
    lines.push(...error.hint.split('\n').map((line) => `  ${line}`));
  }
  const stack = error instanceof Error && !(error instanceof UserError) ? error.stack : undefined;
  if (stack && process.env.BALEINE_DEBUG) lines.push(stack);
  return `${lines.join('\n')}\n`;
}

export function printError(error: unknown): void {
  process.stderr.write(errorText(error));
}
