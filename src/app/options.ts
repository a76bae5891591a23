import type { ProjectOptions } from '../formats/yaml/read-file.js';
import type { Address } from '../model/address.js';
import type { Config } from '../model/config.js';
import type { Plan } from '../model/plan.js';
import type { Sink } from '../view/view.js';

/** Options of nearly every use case. */
export interface CommonOptions {
  /** Path of the first file, `-` for standard input. */
  file: string;
  /** True if none was named, and none found: `file` is the name that it would have. */
  withoutFile?: true;
  /** What makes up the stack besides this file. */
  project?: ProjectOptions;
  /** What runs the stack; absent: as in the file. */
  engine?: 'local' | 'swarm';
  /** The engine that manages the swarm; absent: as in the file. */
  host?: string;
  /** The installation's root: absolute, without links. */
  root: string;
  /** False after `--no-color`. */
  color: boolean;
}

/** How much is shown, and in which form. */
export interface OutputOptions {
  quiet?: boolean;
  json?: boolean;
  /** Where failures are reported; default: the frontend's `warn`. */
  err?: Sink;
}

/** Options of a use case that changes the state. */
export interface LockOptions {
  /** Milliseconds to wait for another run to release the lock; default 0. */
  lockTimeout?: number;
  /** Do nothing, successfully, while another run holds the lock. */
  lockSkip?: boolean;
}

/** Options of every use case that executes a plan. */
export interface RunOptions extends OutputOptions, LockOptions {
  autoApprove?: boolean;
  /** Maximum number of concurrent steps; default 10. */
  parallelism?: number;
  /** False: do not check that what was started stays up. */
  verify?: boolean;
  /** True for a plan that is postponed: nothing is executed, exit code 1. */
  postpones?: (plan: Plan) => boolean;
}

/** Options of every imperative command. */
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

/** What `up` asks for besides converging to the file. */
export interface Selection {
  /** Only these services, and what they depend on; empty: all. */
  services: readonly string[];
  /** Without what they depend on. */
  alone?: boolean;
  /** Replace their containers even if unchanged, or keep all that exist as they are. */
  recreate?: 'always' | 'never';
  /** Farms by their new number of servers. */
  scale?: Record<string, number>;
  /** The file without the services of this run alone, which others need not know by name. */
  beside?: Config;
}

/** Options that narrow or widen a plan. */
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
  /** What `up` selects, replaces and starts again. */
  up?: Selection;
  /** Also delete volumes that are in the file no more. */
  removeVolumes?: boolean;
}

/** The same as flags. */
export interface PlanFlags {
  target?: Address[];
  replace?: Address[];
  refresh?: boolean;
  up?: Selection;
  removeVolumes?: true;
}

export function planOptionsOf({
  target = [],
  replace = [],
  refresh = true,
  up,
  removeVolumes,
}: PlanFlags): PlanOptions {
  const more = { ...(up && { up }), ...(removeVolumes && { removeVolumes }) };
  return { targets: target, replace, refresh, ...more };
}

/** Whether nothing narrows or widens the plan. */
export function coversWholeStack({
  targets = [],
  replace = [],
  scale,
  up,
  refresh = true,
  removeVolumes = false,
}: PlanOptions): boolean {
  return targets.length + replace.length === 0 && !scale && !up && refresh && !removeVolumes;
}
