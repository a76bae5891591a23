import type { KindName } from '../model/address.js';
import { equal } from '../model/json.js';
import type { Plan, Unit } from '../model/plan.js';
import { type FailureFacts, isNeverCreated, NEVER_CREATED, type Row } from '../model/resource.js';
import type { ContainerSpec } from '../model/specs.js';
import type { Facts } from '../model/step.js';

/** Where rows are kept; each call resolves when it is durable. */
export interface RowStore {
  put(row: Row): Promise<void>;
  drop(kind: KindName, stack: string, name: string): Promise<void>;
  find(kind: KindName, stack: string, name: string): Row | undefined;
}

/**
 * The row of one unit on its way: pending from before the first step, so that a crash never turns
 * our own object into somebody else's; ready, or gone, after the last. While something that exists
 * is changed or removed the row still says what it was, so that after a crash the difference is
 * found again; what is made from nothing is on record as it will be, also while what it replaces
 * is gone already.
 */
export class Checkpoint {
  readonly #unit: Unit;
  readonly #store: RowStore;
  readonly #target: Row;
  readonly #successor: Row | undefined;
  #row: Row;
  #isOpen = false;

  /** @param successor puts what replaces it */
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

  /** After a step that failed: why, for the next plan. Nothing for a unit that was not begun. */
  async fail(failure: string): Promise<void> {
    if (!this.#isOpen) return;
    this.#row = { ...this.#row, facts: { ...(this.#row.facts as Facts), failure } };
    await this.#store.put(this.#row);
  }

  /** After a step: `facts` are what it reported. */
  async save(facts: Facts | undefined, last: boolean): Promise<void> {
    if (this.#unit.orphan) return;
    if (facts) this.#row = { ...this.#row, facts: { ...(this.#row.facts as Facts), ...facts } };
    if (last) return this.#close();
    if (facts) await this.#store.put(this.#row);
  }

  async #close(): Promise<void> {
    const { kind, stack, name } = this.#row;
    if (this.#unit.mode === 'put') {
      const { unmade: _over, ...facts } = this.#row.facts as Facts;
      return this.#store.put({ ...this.#target, facts });
    }
    if (this.#successor) return this.#store.put(this.#successor);
    return this.#store.drop(kind, stack, name);
  }
}

/** Without why an earlier try failed: this one may end in another way. */
function factsOf(row: Row | undefined): Facts {
  const { failure: _over, ...facts } = (row?.facts ?? {}) as Facts & FailureFacts;
  return facts;
}

function rowOf({ kind, name, spec, resourceNeeds: needs, protect }: Unit, stack: string): Row {
  return { kind, stack, name, status: 'pending', spec, facts: {}, needs, protect };
}

/**
 * Writes that containers of a plan are held back, before any of it is done: what is cut off is gone
 * on with by the next apply, whatever the file says.
 */
export async function pinReleases({ stack, units }: Plan, store: RowStore): Promise<void> {
  const rows = units.flatMap(({ kind, mode, name, spec }) => {
    const { held } = kind === 'container' && mode === 'put' ? (spec as ContainerSpec) : {};
    const row = held && store.find(kind, stack, name);
    if (!row || equal((row.spec as ContainerSpec).held, held)) return [];
    return [{ ...row, spec: { ...(row.spec as ContainerSpec), held } }];
  });
  await Promise.all(rows.map((row) => store.put(row)));
}

/** Writes what the plan's look taught; nothing when it taught nothing. */
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
