import type { Address, KindName } from './address.js';
import type { Facts, Step } from './step.js';

/**
 * `refresh`: a file that only follows from other resources (the names of a container's peers) is
 * written or removed. The plan's summary counts it where there is nothing else to count.
 */
export type Action = 'create' | 'update' | 'replace' | 'delete' | 'forget' | 'refresh';

/** One attribute that is not as it should be. */
export interface Difference {
  /** In the words of the file: `limits.memory`, `bridges.back`, `process`. */
  attribute: string;
  before?: unknown;
  after?: unknown;
  /** Paths on this host whose content is another: shown in place of digests. */
  files?: string[];
  /** Who moved: the file asks for something new, or the host is no longer as applied. */
  cause: 'file' | 'drift';
  /** What it takes. */
  effect: 'update' | 'replace';
  /** `memory 64M → 128M`, `process 4121 is gone`. */
  reason: string;
}

export interface Change {
  address: Address;
  action: Action;
  /** Why, for people: the reasons of its differences, or `new`, `lost: …`, `no longer in the file`. */
  reasons: string[];
  differences: Difference[];
  /** True when the host moved and the file did not. */
  drift: boolean;
  /** For a create or delete: what it is made of, shown attribute by attribute. */
  spec?: unknown;
}

/**
 * A run of steps in order on one resource, with the checkpoint around it: `put` writes the row
 * pending before and ready after, `drop` leaves a pending row before and removes it after.
 * A replace is a `drop` and a `put`.
 */
export interface Unit {
  /** Unique in the plan: `put container.web-1`. */
  id: string;
  address: Address;
  kind: KindName;
  name: string;
  mode: 'put' | 'drop';
  /** For `put`: what the row will say. For `drop`: what it said. */
  spec: unknown;
  resourceNeeds: Address[];
  protect: boolean;
  /** Facts to forget when the row is put (a `put` after a loss starts from none). */
  keepFacts: boolean;
  /** It is in no row, and gets none on its way out. */
  orphan?: true;
  steps: Step[];
  /** Why it would fail: it does so at once, before anything of it is touched. Absent for most. */
  blocked?: string;
  /** Ids of units that must be done before. */
  needs: string[];
  /** Ids of units that must be over before, however they went. Absent for none. */
  after?: string[];
}

/** Something a reader should know though nothing is to be done about it. */
export interface Note {
  address: Address;
  /** Follows the address: `is waiting: next try in 20 s (ended with 1)`. */
  text: string;
}

/** The same of what is about to be done; without an address where it is about no resource. */
export type Warning = Partial<Pick<Note, 'address'>> & Pick<Note, 'text'>;

/** What a row shall remember of the look that the plan was made from. */
export interface FactUpdate {
  kind: KindName;
  name: string;
  facts: Facts;
}

export interface Plan {
  stack: string;
  /** In the order they will be carried out. */
  changes: Change[];
  units: Unit[];
  /** Absent for none. */
  notes?: Note[];
  /** What a reader should know before the changes are carried out. Absent for none. */
  warnings?: Warning[];
  /** Data of the user that goes with it: `12 files, 3.4M`. Absent for none. */
  losses?: Note[];
  /** Farms that go back to what they were if one of these units fails. Absent for none. */
  rollbacks?: { service: string; units: string[] }[];
  /** Absent for none. Written without a word, before anything is done. */
  factUpdates?: FactUpdate[];
}
