import type { Address } from './address.js';
import type { Action } from './plan.js';

/**
 * What the executor tells while it works. Plain JSON: `--json` prints it as it is, one a line.
 * `unit` is a unit's id, `put container.web-1`; `ms` are milliseconds.
 */
export type Event =
  | { type: 'plan-started'; stack: string; units: number }
  | ({ type: 'unit-started'; action: UnitAction } & About)
  | ({ type: 'step-started'; verb: string; reason: string } & About)
  | ({ type: 'step-done'; verb: string; ms: number } & About)
  | ({ type: 'step-failed'; verb: string; ms: number; error: string } & About)
  | ({ type: 'unit-done'; action: UnitAction; ms: number } & About)
  | ({ type: 'unit-failed'; action: UnitAction; error: string; hint?: string } & About)
  | ({ type: 'unit-skipped'; action: UnitAction; cause: string } & About)
  | ({ type: 'finished' } & Outcome)
  /** A roll-out has failed; `cause` begins with the address of what did. */
  | { type: 'rollback-started'; service: string; cause: string }
  | ({ type: 'rollback-finished'; service: string; ms: number } & RollbackResult);

/** `error`: why it is not as it was before, or not yet. */
export type RollbackResult = { result: 'done' } | { result: 'failed'; error: string };

interface About {
  unit: string;
  address: Address;
}

/** A replace is seen as its two halves, a delete and a create. */
export type UnitAction = Exclude<Action, 'replace'>;

/** How a plan went. */
export interface Outcome {
  /** `interrupted`: told to stop before all was done; the rest stands as it was. */
  status: 'done' | 'failed' | 'interrupted';
  counts: ChangeCounts;
  failed: Failure[];
  skipped: Skip[];
  /** Up now, but started again and again. Absent for none. */
  unsteady?: Failure[];
  ms: number;
}

/** What was really done, in the terms of the plan's summary. */
export interface ChangeCounts {
  added: number;
  changed: number;
  destroyed: number;
  forgotten: number;
  /** Absent for none. */
  refreshed?: number;
}

export interface Failure {
  unit: string;
  address: Address;
  error: string;
  hint?: string;
}

export interface Skip {
  unit: string;
  address: Address;
  /** `image.web failed`, or `interrupted`. */
  cause: string;
}

/** One thing that was done, or tried: a line of the log. */
export interface LoggedEvent {
  /** ISO 8601. */
  at: string;
  /** `root on pts/0`, `root by cron`. */
  who: string;
  stack: string;
  address: string;
  /** `create`, `update`, `replace`, `delete`, `forget`, `refresh`. */
  action: string;
  /** The host had moved, and not the file. */
  drift: boolean;
  reasons: string[];
  /** Milliseconds. */
  ms: number;
  result: 'done' | 'failed' | 'skipped';
  /** Why it failed or was not tried. */
  error?: string;
}
