import type { LoggedEvent } from '../../model/events.js';
import type { FarmStatus } from '../../model/farm-status.js';
import type { ListedJob } from '../../model/listed-job.js';
import type { Plan } from '../../model/plan.js';
import type { Topology } from '../../model/topology.js';
import type { ContainerStats, Traffic } from '../../model/usage.js';

/** All that the page shows, at one moment. */
export interface PageData {
  topology: Topology;
  /** Usage of running containers, by name; a container that has just started follows in the next update. */
  uses: Map<string, Use>;
  farms: FarmStatus[];
  jobs: ListedJob[];
  /** Newest first. */
  events: LoggedEvent[];
  pending: Pending;
}

export interface Use extends ContainerStats {
  /** Bytes per second. */
  rates: Traffic & { read: number; written: number };
  /** Percent of one CPU in the last updates, newest last. */
  history: number[];
}

/** The plan of pending changes, or why there is none. */
export type Pending = { plan: Plan } | { unknown: string };
