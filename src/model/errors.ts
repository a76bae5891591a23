import { printable } from './printable.js';

/** One line, or several; whatever is in a line, it stays one. */
export type Lines = string | readonly string[];

/**
 * Something the user can mend: bad input, a missing program, a conflict. Printed as its message
 * and hint, without a stack trace; exit code 1.
 *
 * A message names files, processes and keys that others chose: each line is made harmless here, so that
 * none of them makes up a line of its own. What has several lines is given as a list.
 */
export class UserError extends Error {
  override name = 'UserError';
  /** What to do about it, one or more lines. */
  readonly hint: string | undefined;

  constructor(message: Lines, hint?: Lines, options?: ErrorOptions) {
    super(printableText(message), options);
    this.hint = hint === undefined ? undefined : printableText(hint);
  }
}

/** Lines of an error that are kept: whoever reads it mends the first, and sees the rest then. */
const MAX_LINES = 400;

function printableText(lines: Lines): string {
  const all = [lines].flat();
  const shown = all.slice(0, MAX_LINES).map(printable);
  if (all.length > MAX_LINES) shown.push(`and ${all.length - MAX_LINES} lines more`);
  return shown.join('\n');
}

/** Another baleine holds the state lock; exit code 75 (EX_TEMPFAIL of sysexits.h). */
export class LockedError extends UserError {
  override name = 'LockedError';
  /** No run holds it, but programs that have outlived theirs. */
  readonly stragglers: boolean;
  /** The run that holds it is older than the interval at which cron starts them: it may hang. */
  readonly overdue: boolean;

  constructor(message: Lines, hint: Lines, { stragglers = false, overdue = false } = {}) {
    super(message, hint);
    this.stragglers = stragglers;
    this.overdue = overdue;
  }

  /** Whether it is no more than another run at work, which soon ends and does what there is to do. */
  get isUsual(): boolean {
    return !this.stragglers && !this.overdue;
  }
}

/** The state files cannot be trusted: truncated, edited, half missing. No command goes on. */
export class DamagedStateError extends UserError {
  override name = 'DamagedStateError';
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
