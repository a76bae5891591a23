import type { Address } from './address.js';
import type { Action } from './plan.js';

/**
 * What the executor reports while it works. Plain JSON: `--json` prints one event per line. `unit`
 * is the id of a unit, `put container.web-1`; `ms` is in milliseconds.
 */
export type Event =
  | { type: 'plan-started'; stack: string; units: number }
  | ({ type: 'unit-started'; action: UnitAction } & About)
  | ({ type: 'step-started'; verb: string; reason: string } & About)
  | ({ type: 'step-done'; verb: string; ms: number } & About)
  | ({ type: 'step-failed'; verb: string; ms: number; error: string } & About)
  /** `notes`: what its steps have cost, as `copied 180M`. Absent for none. */
  | ({ type: 'unit-done'; action: UnitAction; ms: number; notes?: string[] } & About)
  | ({ type: 'unit-failed'; action: UnitAction; error: string; hint?: string } & About)
  | ({ type: 'unit-skipped'; action: UnitAction; cause: string } & About)
  | ({ type: 'finished' } & Outcome)
  /** A rolling update failed; `cause` begins with the address of the failed resource. */
  | { type: 'rollback-started'; service: string; cause: string }
  | ({ type: 'rollback-finished'; service: string; ms: number } & RollbackResult);

/** `error`: why the service is not, or not yet, back at its previous release. */
export type RollbackResult = { result: 'done' } | { result: 'failed'; error: string };

interface About {
  unit: string;
  address: Address;
}

/** A replacement is reported as a delete and a create. */
export type UnitAction = Exclude<Action, 'replace'>;

/** The result of executing a plan. */
export interface Outcome {
  /** `interrupted`: stopped by a signal before all was done; the rest is unchanged. */
  status: 'done' | 'failed' | 'interrupted';
  counts: ChangeCounts;
  failed: Failure[];
  skipped: Skip[];
  /** Running now, but restarting repeatedly. Absent for none. */
  unsteady?: Failure[];
  /** Done, though something that was not essential failed. Absent for none. */
  warnings?: Failure[];
  ms: number;
}

/** What was actually done, in the terms of the plan's summary. */
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

/** One completed or failed action: a line of the event log. */
export interface LoggedEvent {
  /** ISO 8601. */
  at: string;
  /** `root on pts/0`, `root by cron`. */
  who: string;
  stack: string;
  address: string;
  /** `create`, `update`, `replace`, `delete`, `forget`, `refresh`. */
  action: string;
  /** The host had changed, not the file. */
  drift: boolean;
  reasons: string[];
  /** Milliseconds. */
  ms: number;
  result: 'done' | 'failed' | 'skipped';
  /** Why it failed or was skipped. */
  error?: string;
}
