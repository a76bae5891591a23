import type { Address, KindName } from './address.js';
import type { Facts, Step } from './step.js';

/**
 * `refresh`: a derived file, such as the host names of a container's peers, is written or removed.
 * The plan's summary counts it only if nothing else is counted.
 */
export type Action = 'create' | 'update' | 'replace' | 'delete' | 'forget' | 'refresh';

/** One attribute that is not as desired. */
export interface Difference {
  /** As in the file: `limits.memory`, `bridges.back`, `process`. */
  attribute: string;
  before?: unknown;
  after?: unknown;
  /** `before` and `after` are digests of contents that are not shown. */
  digests?: true;
  /** Host paths whose content changed: shown instead of digests. */
  files?: string[];
  /**
   * What changed: `file` if the file declares something new, `drift` if the host no longer matches
   * the recorded state.
   */
  cause: 'file' | 'drift';
  /** What is needed to fix it. */
  effect: 'update' | 'replace';
  /** `memory 64M → 128M`, `process 4121 is gone`. */
  reason: string;
}

export interface Change {
  address: Address;
  action: Action;
  /**
   * Why, for people: the reasons of its differences, or `new`, `lost: …`, `no longer in the file`.
   */
  reasons: string[];
  differences: Difference[];
  /** True if only the host changed, not the file. */
  drift: boolean;
  /** For a create or delete: the spec, shown attribute by attribute. */
  spec?: unknown;
}

/**
 * An ordered sequence of steps on one resource, with a checkpoint around it: `put` writes the row
 * as pending before the steps and as ready after them, `drop` leaves a pending row before and
 * removes it after. A replacement is a `drop` and a `put`.
 */
export interface Unit {
  /** Unique in the plan: `put container.web-1`. */
  id: string;
  address: Address;
  kind: KindName;
  name: string;
  mode: 'put' | 'drop';
  /** For `put`: the spec of the new row. For `drop`: the spec of the old one. */
  spec: unknown;
  resourceNeeds: Address[];
  /** Those of `resourceNeeds` that need not succeed. Absent for none. */
  optional?: Address[];
  protect: boolean;
  /** Whether facts of the existing row are kept. A `put` after a loss starts without any. */
  keepFacts: boolean;
  /** An orphan has no row, and none is written while it is removed. */
  orphan?: true;
  steps: Step[];
  /** Why it would fail. It then fails immediately, before anything is touched. Usually absent. */
  blocked?: string;
  /** Ids of units that must succeed first. */
  needs: string[];
  /** Ids of units that must have ended first, whether or not they succeeded. Absent for none. */
  after?: string[];
}

/** Information that requires no change. */
export interface Note {
  address: Address;
  /** The predicate that follows the address: `is waiting: next try in 20 s (ended with 1)`. */
  text: string;
}

/** A note on planned changes; without an address if it concerns no single resource. */
export type Warning = Partial<Pick<Note, 'address'>> & Pick<Note, 'text'>;

/** Facts to save in a row, learned from the snapshot that the plan was made from. */
export interface FactUpdate {
  kind: KindName;
  name: string;
  facts: Facts;
}

export interface Plan {
  stack: string;
  /** In order of execution. */
  changes: Change[];
  units: Unit[];
  /** Absent for none. */
  notes?: Note[];
  /** Warnings to show before the changes are made. Absent for none. */
  warnings?: Warning[];
  /** User data that would be deleted: `12 files, 3.4M`. Absent for none. */
  losses?: Note[];
  /** Farms to roll back if one of these units fails. Absent for none. */
  rollbacks?: { service: string; units: string[] }[];
  /** Saved silently, before anything is done. Absent for none. */
  factUpdates?: FactUpdate[];
}
