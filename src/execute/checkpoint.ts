import type { KindName } from '../model/address.js';
import { equal, type Json } from '../model/json.js';
import type { Plan, Unit } from '../model/plan.js';
import { type FailureFacts, isNeverCreated, NEVER_CREATED, type Row } from '../model/resource.js';
import type { Facts } from '../model/step.js';

/** Stores rows; each call resolves once the change is durable. */
export interface RowStore {
  put(row: Row): Promise<void>;
  drop(kind: KindName, stack: string, name: string): Promise<void>;
  find(kind: KindName, stack: string, name: string): Row | undefined;
}

/**
 * Maintains the row of a unit while it runs: pending from before the first step, so that after a
 * crash we still know that the object is ours, and ready or removed after the last one. While an
 * existing resource is changed or removed, its row keeps the old spec, so that after a crash the
 * difference is found again. A resource that is created is recorded with its new spec from the
 * start, and so is a replacement once its predecessor is gone.
 */
export class Checkpoint {
  readonly #unit: Unit;
  readonly #store: RowStore;
  readonly #target: Row;
  readonly #successor: Row | undefined;
  #row: Row;
  #isOpen = false;

  /** @param successor the unit that puts its replacement */
  constructor(unit: Unit, stack: string, store: RowStore, successor?: Unit) {
    const before = store.find(unit.kind, stack, unit.name);
    const facts = unit.keepFacts ? factsOf(before) : {};
    this.#unit = unit;
    this.#store = store;
    this.#target = { ...rowOf(unit, stack), status: 'ready', facts };
    const exists = unit.keepFacts || unit.mode === 'drop';
    const start = (exists && before) || this.#target;
    const unmade = !before || isNeverCreated(before) ? NEVER_CREATED : {};
    this.#successor = successor && { ...rowOf(successor, stack), facts: unmade };
    this.#row = { ...start, status: 'pending', facts: { ...factsOf(start), ...unmade } };
  }

  async open(): Promise<void> {
    if (this.#unit.orphan) return;
    if (this.#unit.steps.length === 0) return this.#close();
    this.#isOpen = true;
    await this.#store.put(this.#row);
  }

  /**
   * After a failed step: records why, for the next plan, and the facts that it changed. Does nothing
   * for a unit that was not started.
   */
  async fail(failure: string, facts: Facts): Promise<void> {
    if (!this.#isOpen) return;
    this.#row = { ...this.#row, facts: { ...(this.#row.facts as Facts), ...facts, failure } };
    await this.#store.put(this.#row);
  }

  /** After a successful step; `facts` are what it returned. */
  async save(facts: Facts | undefined, last: boolean): Promise<void> {
    if (this.#unit.orphan) return;
    if (facts) this.#row = { ...this.#row, facts: { ...(this.#row.facts as Facts), ...facts } };
    if (last) return this.#close();
    if (facts) await this.#store.put(this.#row);
  }

  async #close(): Promise<void> {
    const { kind, stack, name } = this.#row;
    if (this.#unit.mode === 'put') {
      const { unmade: _completed, ...facts } = this.#row.facts as Facts;
      return this.#store.put({ ...this.#target, facts });
    }
    if (this.#successor) return this.#store.put(this.#successor);
    return this.#store.drop(kind, stack, name);
  }
}

/**
 * Records why a resource that is still pending was not reached, such as a replacement whose
 * predecessor is gone but whose image could not be built. A ready row stays as it is.
 */
export async function recordSkip(
  unit: Unit,
  stack: string,
  store: RowStore,
  failure: string,
): Promise<void> {
  const row = store.find(unit.kind, stack, unit.name);
  if (unit.orphan || row?.status !== 'pending') return;
  await store.put({ ...row, facts: { ...factsOf(row), failure } });
}

/** Drops the failure of an earlier attempt. */
function factsOf(row: Row | undefined): Facts {
  const { failure: _resolved, ...facts } = (row?.facts ?? {}) as Facts & FailureFacts;
  return facts;
}

function rowOf({ kind, name, spec, resourceNeeds: needs, protect }: Unit, stack: string): Row {
  return { kind, stack, name, status: 'pending', spec, facts: {}, needs, protect };
}

/**
 * Records the pins of a rollback before the plan is executed, so that the next apply completes an
 * interrupted rollback.
 */
export async function pinReleases({ stack, units }: Plan, store: RowStore): Promise<void> {
  const rows = units.flatMap(({ kind, mode, name, spec }) => {
    const held = mode === 'put' ? (spec as Pinned).held : undefined;
    const row = held && store.find(kind, stack, name);
    if (!row || equal((row.spec as Pinned).held, held)) return [];
    return [{ ...row, spec: { ...(row.spec as object), held } }];
  });
  await Promise.all(rows.map((row) => store.put(row)));
}

/** What is of a kind that can be rolled back. */
interface Pinned {
  held?: Json;
}

/** Saves the fact updates of a plan; writes nothing if there are none. */
export async function saveFactUpdates(
  { stack, factUpdates = [] }: Plan,
  store: RowStore,
): Promise<void> {
  const rows = factUpdates.flatMap(({ kind, name, facts }) => {
    const row = store.find(kind, stack, name);
    return row ? [{ ...row, facts: { ...(row.facts as object), ...facts } }] : [];
  });
  await Promise.all(rows.map((row) => store.put(row)));
}
