import { messageOf, UserError } from '../model/errors.js';
import type { Event, Outcome } from '../model/events.js';
import { recordedFailure } from '../model/exit.js';
import type { Plan, Unit } from '../model/plan.js';
import {
  DoneWithNote,
  DoneWithWarning,
  type Facts,
  FailedWithFacts,
  type Handler,
  type Step,
  type StepResult,
  type Work,
  workNow,
} from '../model/step.js';
import { Checkpoint, type RowStore, recordSkip } from './checkpoint.js';
import { EventReporter } from './events.js';
import { type Job, type Part, Schedule } from './schedule.js';
import { Slots } from './slots.js';

export interface ExecuteDeps {
  store: RowStore;
  handlers: HandlerTable;
  emit: (event: Event) => void;
  /** Maximum number of concurrent single steps, 1 and up. Batched ones and waiting do not count. */
  parallelism: number;
  /** Once aborted, no new step starts; running ones are completed and saved. */
  stop: AbortSignal;
  /** For destroy: the dependents of a failed unit are executed too. */
  keepGoing: boolean;
  /** Checks the results after all units are done. */
  verify?: (done: readonly Unit[]) => Promise<Verdict[]>;
}

/** A unit that was done but whose result did not last. */
export interface Verdict {
  unit: Unit;
  problem: UserError;
  /** It is running now, so the unit has not failed. */
  isUp: boolean;
}

/**
 * Executes a plan: the steps of each unit in order, units after their dependencies, everything else
 * concurrently. Failed steps do not reject; they are part of the outcome. Rejects before the first
 * effect if the plan cannot be executed.
 */
export async function execute(plan: Plan, deps: ExecuteDeps): Promise<Outcome> {
  const run = new Execution(plan, deps);
  await run.all();
  await run.verify();
  return run.report.finish();
}

class Execution {
  readonly report: EventReporter;
  readonly #plan: Plan;
  readonly #deps: ExecuteDeps;
  readonly #schedule: Schedule;
  readonly #slots: Slots;
  /** Starts all jobs that can start; nothing before the run begins. */
  #pump = () => {};
  readonly #done: Unit[] = [];
  readonly #skipped: { unit: Unit; culprit: string }[] = [];
  readonly #checkpoints = new Map<Unit, Checkpoint>();
  /** Units that put a replacement, by the id of the unit that drops the replaced resource. */
  readonly #successors: ReadonlyMap<string, Unit>;

  constructor(plan: Plan, deps: ExecuteDeps) {
    const verbs = new Set(plan.units.flatMap(({ steps }) => steps.map(({ verb }) => verb)));
    const handlers = new Map([...verbs].map((verb) => [verb, handlerOf(verb, deps.handlers)]));
    const having = (quality: 'all' | 'waits') =>
      new Set([...verbs].filter((verb) => quality in (handlers.get(verb) ?? {})));
    const [batched, waiting] = [having('all'), having('waits')];
    this.#plan = plan;
    this.#deps = deps;
    this.report = new EventReporter(plan, deps.emit);
    this.#successors = successorsIn(plan.units);
    this.#schedule = new Schedule(plan.units, {
      batched: (verb) => batched.has(verb),
      waits: (verb) => waiting.has(verb),
      keepGoing: deps.keepGoing,
    });
    this.#slots = new Slots(deps.parallelism, () => this.#pump());
  }

  /** Starts all ready jobs, and again whenever one ends, until none is running. */
  async all(): Promise<void> {
    let running = 0;
    await new Promise<void>((resolve, reject) => {
      this.#pump = () => {
        this.#skip();
        const jobs = this.#deps.stop.aborted ? [] : this.#schedule.next(this.#slots.free);
        running += jobs.length;
        for (const job of jobs) this.#run(job).then(ended).catch(reject);
        if (running === 0) resolve();
      };
      const ended = () => {
        running -= 1;
        this.#pump();
      };
      this.#pump();
    });
    for (const unit of this.#schedule.unfinished()) this.report.unitSkipped(unit, 'interrupted');
    await this.#recordSkips();
  }

  async verify(): Promise<void> {
    const { verify, stop } = this.#deps;
    if (!verify || stop.aborted) return;
    for (const { unit, problem, isUp } of await verify(this.#done)) {
      if (isUp) this.report.unitUnsteady(unit, problem);
      else this.report.unitFailed(unit, problem);
    }
  }

  #skip(): void {
    for (const { unit, culprit } of this.#schedule.skip()) {
      this.report.unitSkipped(unit, `${culprit} failed`);
      this.#skipped.push({ unit, culprit });
    }
  }

  /** After all units have ended: a predecessor may still be on its way out when its unit is skipped. */
  async #recordSkips(): Promise<void> {
    const { store, stop } = this.#deps;
    if (stop.aborted) return;
    // a resource whose own removal failed has the reason for that
    const others = this.#skipped.filter(({ unit, culprit }) => unit.address !== culprit);
    const saves = others.map(({ unit, culprit }) =>
      recordSkip(unit, this.#plan.stack, store, `${culprit} failed`),
    );
    await Promise.allSettled(saves);
  }

  async #run(job: Job): Promise<void> {
    if (job.type === 'open') return this.#open(job.unit);
    for (const { unit, step } of job.parts) this.report.stepStarted(unit, step);
    const steps = job.parts.map(({ step }) => step);
    const results = await runSteps(job.verb, steps, this.#deps.handlers, this.#slots.work);
    await Promise.all(job.parts.map((part, index) => this.#finishStep(part, results[index])));
  }

  async #open(unit: Unit): Promise<void> {
    const { stack } = this.#plan;
    const checkpoint = new Checkpoint(unit, stack, this.#deps.store, this.#successors.get(unit.id));
    this.#checkpoints.set(unit, checkpoint);
    this.report.unitStarted(unit);
    if (unit.blocked !== undefined) return this.#fail(unit, new UserError(unit.blocked));
    await this.#record(unit, unit.steps.length === 0, () => checkpoint.open());
  }

  async #finishStep(
    { unit, step, last }: Part,
    result: StepResult | Error | undefined,
  ): Promise<void> {
    if (result instanceof Error) {
      this.report.stepFailed(unit, step, result);
      return this.#fail(unit, result);
    }
    this.report.stepDone(unit, step);
    const warned = result instanceof DoneWithWarning ? result : undefined;
    if (warned) this.report.unitWarned(unit, warned.warning);
    if (result instanceof DoneWithNote) this.report.unitNoted(unit, result.note);
    const facts = factsOf(result);
    await this.#record(unit, last, () => this.#checkpoints.get(unit)?.save(facts, last));
  }

  /** A unit whose row cannot be written has failed, because nobody would know what it did. */
  async #record(unit: Unit, last: boolean, write: () => Promise<void> | undefined): Promise<void> {
    try {
      await write();
    } catch (error) {
      return this.#fail(unit, error);
    }
    this.#schedule.advance(unit.id);
    if (!last) return;
    this.#done.push(unit);
    this.report.unitDone(unit);
  }

  async #fail(unit: Unit, error: unknown): Promise<void> {
    this.#schedule.fail(unit.id);
    this.report.unitFailed(unit, error);
    // a program that was killed together with us has not failed
    if (this.#deps.stop.aborted) return;
    const failure = recordedFailure(messageOf(error), unit.spec);
    const facts = error instanceof FailedWithFacts ? error.facts : {};
    // the failure is reported anyway; if it cannot be saved, the next plan takes it for an
    // interruption
    await this.#checkpoints
      .get(unit)
      ?.fail(failure, facts)
      .catch(() => {});
  }
}

function factsOf(result: StepResult): Facts | undefined {
  return result instanceof DoneWithWarning || result instanceof DoneWithNote
    ? result.facts
    : result;
}

function successorsIn(units: readonly Unit[]): Map<string, Unit> {
  const drops = units.filter(({ mode }) => mode === 'drop');
  const addresses = new Map(drops.map(({ id, address }) => [id, address]));
  const pairs = units.flatMap((unit) =>
    unit.needs
      .filter((id) => unit.mode === 'put' && addresses.get(id) === unit.address)
      .map((id): [string, Unit] => [id, unit]),
  );
  return new Map(pairs);
}

/** The handlers of all verbs. */
export type HandlerTable = Readonly<Record<string, Handler<unknown>>>;

/**
 * Runs steps of one verb and returns one result per step, in order. Never rejects: what a handler
 * throws is the result of its steps.
 */
export async function runSteps(
  verb: string,
  steps: readonly Step[],
  handlers: HandlerTable,
  work: Work = workNow,
): Promise<(StepResult | Error)[]> {
  const handler = handlerOf(verb, handlers);
  const args = steps.map((step) => step.args);
  try {
    if ('one' in handler) {
      const run = (each: unknown) =>
        handler.waits ? handler.one(each, work) : work(() => handler.one(each));
      return await Promise.all(args.map(run));
    }
    const results = await handler.all(args);
    if (results.length === steps.length) return results;
    throw new Error(`"${verb}" returned ${results.length} results for ${steps.length} steps`);
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return steps.map(() => error);
  }
}

/** @throws Error for an unknown verb, as in a plan saved by another version */
export function handlerOf(verb: string, handlers: HandlerTable): Handler<unknown> {
  const handler = Object.hasOwn(handlers, verb) ? handlers[verb] : undefined;
  if (!handler) throw new Error(`cannot execute "${verb}": no kind has this verb`);
  return handler;
}
