import type { ProjectOptions } from '../../formats/yaml/read-file.js';
import type { Probe } from '../../host/ports.js';
import type { Context as PlanInput } from '../../kinds/desired-context.js';
import type { Config } from '../../model/config.js';
import type { InstallPaths } from '../../model/install-paths.js';
import type { Plan } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { State } from '../../state/state.js';

/** The recorded resources, without lookup functions. */
export type Records = Pick<State, 'rows' | 'serial' | 'fingerprint'>;

/**
 * Makes a run fast if it has nothing to do, as most runs from cron. It changes how long a
 * run takes, never its result. There are two: one that uses what earlier runs have cached, and one
 * for `BALEINE_FAST_PATH=0`, which reads and works out everything.
 */
export interface FastPath {
  /** Whether everything is read and worked out. */
  readonly isOff: boolean;
  /** Reads and checks a file, `-` for standard input; rejects with all errors in it. */
  config(file: string, project?: ProjectOptions): Promise<Config>;
  /** The recorded resources, to read. */
  records(): Records;
  /** Begins to find out whether an apply has nothing to do, while the file is still being read. */
  checkNoOp(): NoOpCheck;
  /**
   * Whether the plan of the whole stack is empty. False if that is not known from earlier runs.
   *
   * @param observe asked only if the host is all that remains to be checked
   */
  isInSync(input: PlanInput, records: Records, observe: () => Promise<Probe>): Promise<boolean>;
  /** Notes it if this plan of the whole stack is empty and will be so again. */
  noteInSync(plan: Plan, input: PlanInput, records: Records, resources: readonly Resource[]): void;
  /** Caches what this run has read and noted for the next one. The caller holds the lock. */
  store(): void;
}

/**
 * Whether an apply has nothing to do, found out without the lock. Never rejects: whatever is wrong
 * is reported by the run that takes the lock.
 *
 * @param inputOf must not change anything
 */
export type NoOpCheck = (
  config: Config,
  inputOf: (rows: readonly Row[]) => Promise<PlanInput>,
) => Promise<boolean>;

/** What a fast path needs of its run. */
export interface Run {
  readonly paths: InstallPaths;
  state(): State;
  /** Rejects if another run holds the lock. */
  probeUnlocked(): Promise<Probe>;
  /** Whether a killed run has left something that has to be taken away first. */
  needsCleanup(rows: readonly Row[]): boolean;
}
