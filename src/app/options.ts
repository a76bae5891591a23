import type { Address } from '../model/address.js';
import type { Plan } from '../model/plan.js';
import type { Sink } from '../view/view.js';

/** What nearly every use case takes. */
export interface CommonOptions {
  /** Path of the file, `-` for standard input. */
  file: string;
  /** The installation's root: absolute, without links. */
  root: string;
  /** False after `--no-color`. */
  color: boolean;
}

/** How much is shown, and for whom. */
export interface OutputOptions {
  quiet?: boolean;
  json?: boolean;
  /** Where failures are reported; default: the frontend's `warn`. */
  err?: Sink;
}

/** Of a use case that changes the state. */
export interface LockOptions {
  /** Milliseconds to wait for another run to release the lock; default 0. */
  lockTimeout?: number;
  /** Do nothing, successfully, while another run holds the lock. */
  lockSkip?: boolean;
}

/** What apply, destroy and every other use case that executes a plan have in common. */
export interface RunOptions extends OutputOptions, LockOptions {
  autoApprove?: boolean;
  /** Most steps at a time; default 10. */
  parallelism?: number;
  /** False: do not check that what was started stays up. */
  verify?: boolean;
  /** True for a plan that is postponed: nothing is executed, exit code 1. */
  postpones?: (plan: Plan) => boolean;
}

/** What every imperative command takes. */
export interface ChangeOptions extends LockOptions {
  json?: boolean;
  /** Report failures only. */
  silent?: boolean;
  /** See `ExecutionOptions`. */
  undo?: boolean;
}

export interface WaitOptions {
  wait?: true;
  /** Milliseconds; default 60 s. */
  waitTimeout?: number;
}

/** What narrows or widens a plan. */
export interface PlanOptions {
  /** Empty: the whole stack. */
  targets?: Address[];
  replace?: Address[];
  /** Containers to stop and start again. */
  restart?: Address[];
  /** False: assume that the host is as the last run left it. */
  refresh?: boolean;
  /** Run the health checks that are due; `note` also records when, so that they wait for the next interval. */
  health?: 'ask' | 'note';
  /** Farms by their new number of servers; nothing else is planned. */
  scale?: Record<string, number>;
}

/** The same as flags. */
export interface PlanFlags {
  target?: Address[];
  replace?: Address[];
  refresh?: boolean;
}

export function planOptionsOf({
  target = [],
  replace = [],
  refresh = true,
}: PlanFlags): PlanOptions {
  return { targets: target, replace, refresh };
}

/** Whether nothing narrows or widens the plan. */
export function coversWholeStack({
  targets = [],
  replace = [],
  scale,
  refresh = true,
}: PlanOptions): boolean {
  return targets.length + replace.length === 0 && !scale && refresh;
}
