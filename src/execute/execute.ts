import { messageOf, UserError } from '../model/errors.js';
import type { Event, Outcome } from '../model/events.js';
import { recordedFailure } from '../model/exit.js';
import type { Plan, Unit } from '../model/plan.js';
import type { Facts, Handler, Step } from '../model/step.js';
import { Checkpoint, type RowStore } from './checkpoint.js';
import { EventReporter } from './events.js';
import { type Job, type Part, Schedule } from './schedule.js';

export interface ExecuteDeps {
  store: RowStore;
  handlers: HandlerTable;
  emit: (event: Event) => void;
  /** Most single steps at a time, 1 and up. Steps that work in batches do not count. */
  parallelism: number;
  /** When aborted no new step starts; what runs is finished and saved. */
  stop: AbortSignal;
  /** Destroy: what depended on a failure is tried all the same. */
  keepGoing: boolean;
  /** Looks once more at what was done. */
  verify?: (done: readonly Unit[]) => Promise<Verdict[]>;
}

/** What was done, and did not last. */
export interface Verdict {
  unit: Unit;
  problem: UserError;
  /** It is no failure yet, or no more. */
  isUp: boolean;
}

/**
 * Carries a plan out: each unit's steps in order, units after what they need, everything else at
 * the same time. Never rejects for a failed step; that is in the outcome. Rejects before the first
 * effect for a plan that cannot be carried out.
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
  readonly #done: Unit[] = [];
  readonly #checkpoints = new Map<Unit, Checkpoint>();
  /** What puts a replacement, by the id of what takes away what it replaces. */
  readonly #successors: ReadonlyMap<string, Unit>;

  constructor(plan: Plan, deps: ExecuteDeps) {
    const verbs = new Set(plan.units.flatMap(({ steps }) => steps.map(({ verb }) => verb)));
    const batched = new Set([...verbs].filter((verb) => 'all' in handlerOf(verb, deps.handlers)));
    this.#plan = plan;
    this.#deps = deps;
    this.report = new EventReporter(plan, deps.emit);
    this.#successors = successorsIn(plan.units);
    this.#schedule = new Schedule(plan.units, {
      batched: (verb) => batched.has(verb),
      parallelism: deps.parallelism,
      keepGoing: deps.keepGoing,
    });
  }

  /** Starts what can start, again after each job's end, until nothing runs any more. */
  async all(): Promise<void> {
    let running = 0;
    await new Promise<void>((resolve, reject) => {
      const pump = () => {
        this.#skip();
        const jobs = this.#deps.stop.aborted ? [] : this.#schedule.next();
        running += jobs.length;
        for (const job of jobs) this.#run(job).then(ended).catch(reject);
        if (running === 0) resolve();
      };
      const ended = () => {
        running -= 1;
        pump();
      };
      pump();
    });
    for (const unit of this.#schedule.unfinished()) this.report.unitSkipped(unit, 'interrupted');
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
    }
  }

  async #run(job: Job): Promise<void> {
    if (job.type === 'open') return this.#open(job.unit);
    for (const { unit, step } of job.parts) this.report.stepStarted(unit, step);
    const steps = job.parts.map(({ step }) => step);
    const answers = await runSteps(job.verb, steps, this.#deps.handlers);
    await Promise.all(job.parts.map((part, index) => this.#settle(part, answers[index])));
  }

  async #open(unit: Unit): Promise<void> {
    const { stack } = this.#plan;
    const checkpoint = new Checkpoint(unit, stack, this.#deps.store, this.#successors.get(unit.id));
    this.#checkpoints.set(unit, checkpoint);
    this.report.unitStarted(unit);
    if (unit.blocked !== undefined) return this.#fail(unit, new UserError(unit.blocked));
    await this.#record(unit, unit.steps.length === 0, () => checkpoint.open());
  }

  async #settle({ unit, step, last }: Part, answer: Facts | undefined | Error): Promise<void> {
    if (answer instanceof Error) {
      this.report.stepFailed(unit, step, answer);
      return this.#fail(unit, answer);
    }
    this.report.stepDone(unit, step);
    await this.#record(unit, last, () => this.#checkpoints.get(unit)?.save(answer, last));
  }

  /** What is not on record has not happened: a unit whose row cannot be written has failed. */
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
    // a program that was ended with us has not failed
    if (this.#deps.stop.aborted) return;
    const failure = recordedFailure(messageOf(error), unit.spec);
    // the failure itself is reported; without this the next plan takes it for an interruption
    await this.#checkpoints
      .get(unit)
      ?.fail(failure)
      .catch(() => {});
  }
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

/** Every verb's handler. */
export type HandlerTable = Readonly<Record<string, Handler<unknown>>>;

/**
 * Runs steps of one verb; one answer a step, in order. Never rejects for what a handler throws:
 * that is the answer of the steps it happened to.
 */
export async function runSteps(
  verb: string,
  steps: readonly Step[],
  handlers: HandlerTable,
): Promise<(Facts | undefined | Error)[]> {
  const handler = handlerOf(verb, handlers);
  const args = steps.map((step) => step.args);
  try {
    if ('one' in handler) return await Promise.all(args.map((each) => handler.one(each)));
    const answers = await handler.all(args);
    if (answers.length === steps.length) return answers;
    throw new Error(`"${verb}" gave ${answers.length} answers to ${steps.length} steps`);
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return steps.map(() => error);
  }
}

/** Throws for a verb that no kind has, as in a plan saved by another version. */
export function handlerOf(verb: string, handlers: HandlerTable): Handler<unknown> {
  const handler = Object.hasOwn(handlers, verb) ? handlers[verb] : undefined;
  if (!handler) throw new Error(`cannot do "${verb}": no kind knows how`);
  return handler;
}
