import type { Capacity, Preconditions, Probe } from '../host/ports.js';
import type { Context as DesiredContext } from '../kinds/desired-context.js';
import type { Address } from '../model/address.js';
import type { Config } from '../model/config.js';
import type { Plan, Warning } from '../model/plan.js';
import type { Resource, Row } from '../model/resource.js';

/** What the desired state follows from besides the file and the records. */
export type PlanInputs = Pick<
  DesiredContext,
  'sources' | 'origins' | 'profiles' | 'devices' | 'fileDigests' | 'fileTexts'
>;

/**
 * Everything that a plan asks about the world outside of the file and the records. The answers
 * together are its snapshot: the same answers always give the same plan. There are three: the host
 * itself (live-plan-host.ts), one that also records the answers, and one that replays them
 * (snapshot.ts).
 */
export interface PlanHost {
  /** @throws UserError for files that are missing or images that cannot be inspected */
  inputs(config: Config, rows: readonly Row[]): Promise<PlanInputs>;
  /** Observes the kernel. */
  probe(): Promise<Probe>;
  /**
   * Adds the results of the health checks that are due.
   *
   * @param note also record that they were run
   */
  checkHealth(rows: readonly Row[], probe: Probe, note: boolean): Promise<Probe>;
  capacity(): Capacity;
  preconditions(): Promise<Preconditions>;
  /** The amount of user data in these resources: `12 files, 3.4M`. */
  dataSizes(rows: readonly Row[]): Promise<ReadonlyMap<Address, string>>;
  /** @throws UserError with the output of a proxy that rejects its new configuration */
  checkProxies(check: ProxyCheck): Promise<Warning[]>;
  /** Warnings about schedules that would bring a destroyed stack back. */
  scheduleWarnings(stack: string): Promise<Warning[]>;
}

export interface ProxyCheck {
  plan: Plan;
  resources: readonly Resource[];
  rows: readonly Row[];
  config: Config;
  /** The place in the file of a resource's entry, or of a part of it. */
  where: (resource: Resource, at?: readonly (string | number)[]) => string;
}
