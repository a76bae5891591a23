import { UserError } from './errors.js';

/**
 * Each kind declares its verbs once, as a map from verb to arguments. The union of steps and the
 * handler table are derived from it, so a verb without a handler does not compile.
 */
export type StepOf<Verbs> = {
  [V in keyof Verbs & string]: { verb: V; args: Verbs[V]; reason: string };
}[keyof Verbs & string];

/** A step as the executor and the views see it. */
export interface Step {
  verb: string;
  /** Plain JSON: a plan can be saved to a file. */
  args: unknown;
  /** Shown to the user; code never branches on it. */
  reason: string;
}

/** What a handler returns: merged into the facts of the row. */
export type Facts = Record<string, unknown>;

/** The result of a step that is done, though something that is not essential to it failed. */
export class DoneWithWarning {
  constructor(
    readonly warning: string,
    readonly facts?: Facts,
  ) {}
}

/** The result of a step of which the reader should know what it has cost, as `copied 180M`. */
export class DoneWithNote {
  constructor(
    readonly note: string,
    readonly facts?: Facts,
  ) {}
}

/** The failure of a step that has changed something: its facts are saved although it failed. */
export class FailedWithFacts extends UserError {
  constructor(
    message: string,
    readonly facts: Facts,
  ) {
    super(message);
  }
}

/** What a handler returns: facts to save, a note, and perhaps a warning. */
export type StepResult = Facts | undefined | DoneWithWarning | DoneWithNote;

/** Runs a part of a step as soon as it is one of the few that may load the host at a time. */
export type Work = <T>(part: () => Promise<T>) => Promise<T>;

/** For a caller that does not count: runs it now. */
export const workNow: Work = (part) => part();

/**
 * Executes a step. It checks before it acts, so that a second run does nothing, and reads back what
 * it did. `one` counts as work as a whole, or, if it waits most of the time, only where it says so by
 * `work`: any number of steps wait at once. `all` receives every step of the verb that is ready at that moment, for tools that work
 * in batches; it returns results in the order of its arguments and never rejects because one of
 * them failed.
 */
export type Handler<Args> =
  | { one: (args: Args, work?: Work) => Promise<StepResult>; waits?: true }
  | { all: (args: Args[]) => Promise<(StepResult | Error)[]> };

export type Handlers<Verbs> = { [V in keyof Verbs & string]: Handler<Verbs[V]> };
