import { printable } from './printable.js';

/** One or more lines. Each is escaped, so that its content cannot start a new line. */
export type Lines = string | readonly string[];

/**
 * An error that the user can fix: bad input, a missing program, a conflict. Printed as its message
 * and hint, without a stack trace; exit code 1.
 *
 * Messages quote names of files, processes and keys that others chose. Each line is escaped here,
 * so that none of them can forge another line. Pass several lines as a list.
 */
export class UserError extends Error {
  override name = 'UserError';
  /** What to do, one or more lines. */
  readonly hint: string | undefined;

  constructor(message: Lines, hint?: Lines, options?: ErrorOptions) {
    super(printableText(message), options);
    this.hint = hint === undefined ? undefined : printableText(hint);
  }
}

/**
 * Maximum number of lines of an error. Users fix the first ones and see the rest on the next run.
 */
const MAX_LINES = 400;

function printableText(lines: Lines): string {
  const all = [lines].flat();
  const shown = all.slice(0, MAX_LINES).map(printable);
  if (all.length > MAX_LINES) shown.push(`and ${all.length - MAX_LINES} lines more`);
  return shown.join('\n');
}

/** A file system of the host is full: what can do with less room tries that. */
export class DiskFullError extends UserError {
  override name = 'DiskFullError';
}

/** Another baleine process holds the state lock; exit code 75 (EX_TEMPFAIL of sysexits.h). */
export class LockedError extends UserError {
  override name = 'LockedError';
  /** No run of baleine holds it, but child programs that outlived their run. */
  readonly stragglers: boolean;
  /** The run that holds it is older than the cron interval and may hang. */
  readonly overdue: boolean;

  constructor(message: Lines, hint: Lines, { stragglers = false, overdue = false } = {}) {
    super(message, hint);
    this.stragglers = stragglers;
    this.overdue = overdue;
  }

  /**
   * Whether it is just another run at work, which will soon finish and do whatever is left to do.
   */
  get isUsual(): boolean {
    return !this.stragglers && !this.overdue;
  }
}

/** The state files are corrupt: truncated, edited or incomplete. No command continues. */
export class DamagedStateError extends UserError {
  override name = 'DamagedStateError';
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The cause of a failed system call alone, for a message that names the path itself:
 * `read-only file system` of "EROFS: read-only file system, open '/proc/7/fd/18/x'".
 */
export function causeOf(error: unknown): string {
  const message = messageOf(error);
  const { syscall } = error as NodeJS.ErrnoException;
  if (typeof syscall !== 'string') return message;
  return message.replace(/^E[A-Z0-9]+: /, '').replace(/, \w+( '.*')?$/s, '');
}
