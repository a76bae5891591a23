import { messageOf, UserError } from '../model/errors.js';
import type { ChangeCounts, Event, Failure, Outcome, Skip, UnitAction } from '../model/events.js';
import type { Action, Plan, Unit } from '../model/plan.js';
import type { Step } from '../model/step.js';

export type { Event, Outcome };

/** Emits events and counts changes for the outcome. */
export class EventReporter {
  readonly #emit: (event: Event) => void;
  readonly #actions: ReadonlyMap<string, Action>;
  readonly #started = performance.now();
  /** Start times of units and of their current steps. */
  readonly #since = new Map<Unit | Step, number>();
  /** A change made by two units counts once. */
  readonly #counted = new Set<string>();
  readonly #counts: ChangeCounts = { added: 0, changed: 0, destroyed: 0, forgotten: 0 };
  readonly #failed: Failure[] = [];
  readonly #skipped: Skip[] = [];
  readonly #unsteady: Failure[] = [];
  readonly #warnings: Failure[] = [];
  readonly #notes = new Map<Unit, string[]>();

  constructor(plan: Plan, emit: (event: Event) => void) {
    this.#emit = emit;
    this.#actions = new Map(plan.changes.map(({ address, action }) => [address, action]));
    emit({ type: 'plan-started', stack: plan.stack, units: plan.units.length });
  }

  unitStarted(unit: Unit): void {
    this.#since.set(unit, performance.now());
    this.#emit({ type: 'unit-started', ...about(unit), action: this.#actionOf(unit) });
  }

  stepStarted(unit: Unit, step: Step): void {
    const { verb, reason } = step;
    this.#since.set(step, performance.now());
    this.#emit({ type: 'step-started', ...about(unit), verb, reason });
  }

  stepDone(unit: Unit, step: Step): void {
    this.#emit({ type: 'step-done', ...about(unit), verb: step.verb, ms: this.#elapsedOf(step) });
  }

  stepFailed(unit: Unit, step: Step, error: Error): void {
    const details = { verb: step.verb, ms: this.#elapsedOf(step), error: error.message };
    this.#emit({ type: 'step-failed', ...about(unit), ...details });
  }

  unitDone(unit: Unit): void {
    const action = this.#actionOf(unit);
    const counter = this.#counterOf(unit);
    if (counter) this.#count(counter, unit);
    const notes = this.#notes.get(unit);
    const done = { action, ms: this.#elapsedOf(unit), ...(notes && { notes }) };
    this.#emit({ type: 'unit-done', ...about(unit), ...done });
  }

  unitNoted(unit: Unit, note: string): void {
    this.#notes.set(unit, [...(this.#notes.get(unit) ?? []), note]);
  }

  unitFailed(unit: Unit, error: unknown): void {
    const failure = failureOf(unit, error);
    this.#failed.push(failure);
    this.#emit({ type: 'unit-failed', ...failure, action: this.#actionOf(unit) });
  }

  unitUnsteady(unit: Unit, error: unknown): void {
    this.#unsteady.push(failureOf(unit, error));
  }

  unitWarned(unit: Unit, warning: string): void {
    this.#warnings.push({ ...about(unit), error: warning });
  }

  unitSkipped(unit: Unit, cause: string): void {
    this.#skipped.push({ ...about(unit), cause });
    this.#emit({ type: 'unit-skipped', ...about(unit), cause, action: this.#actionOf(unit) });
  }

  finish(): Outcome {
    const interrupted = this.#skipped.some(({ cause }) => cause === 'interrupted');
    const failed = this.#failed.length > 0;
    const outcome: Outcome = {
      status: interrupted ? 'interrupted' : failed ? 'failed' : 'done',
      counts: this.#counts,
      failed: this.#failed,
      skipped: this.#skipped,
      ...(this.#unsteady.length > 0 && { unsteady: this.#unsteady }),
      ...(this.#warnings.length > 0 && { warnings: this.#warnings }),
      ms: elapsed(this.#started),
    };
    this.#emit({ type: 'finished', ...outcome });
    return outcome;
  }

  /**
   * Reports the two halves of a replacement as delete and create; likewise the cleanup before a
   * create.
   */
  #actionOf({ address, mode }: Unit): UnitAction {
    const action = this.#actions.get(address) ?? 'refresh';
    if (action === 'refresh' || action === 'forget') return action;
    if (mode === 'drop') return 'delete';
    return action === 'update' ? 'update' : 'create';
  }

  #counterOf({ address, mode }: Unit): keyof ChangeCounts | undefined {
    const action = this.#actions.get(address);
    if (action === 'forget') return 'forgotten';
    if (action === 'update') return 'changed';
    if (action === 'refresh') return 'refreshed';
    if (mode === 'put') return action === 'create' || action === 'replace' ? 'added' : undefined;
    return action === 'delete' || action === 'replace' ? 'destroyed' : undefined;
  }

  #count(as: keyof ChangeCounts, { address }: Unit): void {
    const change = `${as} ${address}`;
    if (this.#counted.has(change)) return;
    this.#counted.add(change);
    this.#counts[as] = (this.#counts[as] ?? 0) + 1;
  }

  #elapsedOf(what: Unit | Step): number {
    return elapsed(this.#since.get(what) ?? this.#started);
  }
}

function failureOf(unit: Unit, error: unknown): Failure {
  const hint = error instanceof UserError ? error.hint : undefined;
  return { ...about(unit), error: messageOf(error), ...(hint && { hint }) };
}

function about({ id, address }: Unit) {
  return { unit: id, address };
}

/** Whole milliseconds. */
function elapsed(since: number): number {
  return Math.round(performance.now() - since);
}
