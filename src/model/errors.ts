/**
 * Something the user can mend: bad input, a missing program, a conflict. Printed as its message
 * and hint, without a stack trace; exit code 1.
 */
export class UserError extends Error {
  override name = 'UserError';

  constructor(
    message: string,
    /** What to do about it, one or more lines. */
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Another baleine holds the state lock; exit code 75 (EX_TEMPFAIL of sysexits.h). */
export class LockedError extends UserError {
  override name = 'LockedError';
  /** No run holds it, but programs that have outlived theirs. */
  readonly stragglers: boolean;

  constructor(message: string, hint: string, { stragglers = false } = {}) {
    super(message, hint);
    this.stragglers = stragglers;
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
