import type { LoggedEvent } from '../../model/events.js';
import type { FarmStatus } from '../../model/farm-status.js';
import type { Plan } from '../../model/plan.js';
import type { Topology } from '../../model/topology.js';
import type { ContainerStats, Traffic } from '../../model/usage.js';

/** All that the page shows, as it was at one moment. */
export interface PageLook {
  topology: Topology;
  /** Of what runs, by name; a container that has just started comes with the next look. */
  uses: Map<string, Use>;
  farms: FarmStatus[];
  /** The newest first. */
  events: LoggedEvent[];
  pending: Pending;
}

export interface Use extends ContainerStats {
  /** Bytes a second. */
  rates: Traffic & { read: number; written: number };
  /** Percent of one CPU in the last looks, the newest last. */
  history: number[];
}

/** What the file asks for and is not so yet, or why that is not known. */
export type Pending = { plan: Plan } | { unknown: string };
