import type { Unit } from '../model/plan.js';
import type { Step } from '../model/step.js';

/** A job that can start now. */
export type Job =
  | { type: 'open'; unit: Unit }
  /** More than one part only if the verb is batched. */
  | { type: 'steps'; verb: string; parts: Part[] };

export interface Part {
  unit: Unit;
  step: Step;
  /** The last step of its unit. */
  last: boolean;
}

export interface Rules {
  /** Whether the steps of a verb are executed together. */
  batched: (verb: string) => boolean;
  /** Whether a step of a verb starts without a slot, for it waits most of the time. */
  waits: (verb: string) => boolean;
  /** The dependents of a failed unit run anyway. */
  keepGoing: boolean;
}

interface Track {
  unit: Unit;
  phase: 'waiting' | 'idle' | 'busy' | 'done' | 'failed' | 'skipped';
  /** Index of the next or current step; -1 until the unit is opened. */
  at: number;
  /** The address of the failed resource that made it fail or be skipped. */
  culprit?: string;
}

/**
 * Decides which unit can do what next. Pure bookkeeping over dependencies: it starts nothing and
 * waits for nothing. The caller reports the end of each job by `advance` or `fail`.
 */
export class Schedule {
  readonly #tracks: Map<string, Track>;
  readonly #rules: Rules;

  /** @throws Error if the units are not topologically sorted, which every planned one is */
  constructor(units: readonly Unit[], rules: Rules) {
    this.#rules = rules;
    this.#tracks = new Map();
    for (const unit of units) {
      const unmet = [...unit.needs, ...(unit.after ?? [])].find((id) => !this.#tracks.has(id));
      if (unmet) throw new Error(`cannot order the plan: "${unit.id}" comes before "${unmet}"`);
      this.#tracks.set(unit.id, { unit, phase: 'waiting', at: -1 });
    }
  }

  /**
   * Marks all jobs that can start as busy and returns them; empty if everything waits or is done.
   *
   * @param slots maximum number of jobs that take one, 0 and up
   */
  next(slots: number): Job[] {
    return [...this.#opens(), ...this.#waits(), ...this.#ones(slots), ...this.#batches()];
  }

  /** A job of this unit succeeded. */
  advance(id: string): void {
    const track = this.#track(id);
    track.at += 1;
    track.phase = track.at < track.unit.steps.length ? 'idle' : 'done';
  }

  fail(id: string): void {
    const track = this.#track(id);
    track.phase = 'failed';
    track.culprit = track.unit.address;
  }

  /**
   * Skips units that can no longer start because of a failure, and returns them with the culprit.
   */
  skip(): { unit: Unit; culprit: string }[] {
    if (this.#rules.keepGoing) return [];
    return this.#in('waiting').flatMap((track) => {
      const culprit = track.unit.needs.map((id) => this.#track(id).culprit).find(Boolean);
      if (!culprit) return [];
      Object.assign(track, { phase: 'skipped', culprit });
      return [{ unit: track.unit, culprit }];
    });
  }

  /** Units that have neither ended nor been skipped. */
  unfinished(): Unit[] {
    return [...this.#in('waiting'), ...this.#in('idle'), ...this.#in('busy')].map(
      ({ unit }) => unit,
    );
  }

  #opens(): Job[] {
    const ready = this.#in('waiting').filter(
      ({ unit: { needs, after = [] } }) =>
        needs.every((id) => this.#isMet(id)) && after.every((id) => this.#hasEnded(id)),
    );
    return ready.map((track) => {
      track.phase = 'busy';
      return { type: 'open', unit: track.unit };
    });
  }

  #isMet(id: string): boolean {
    const { phase } = this.#track(id);
    return phase === 'done' || (this.#rules.keepGoing && phase === 'failed');
  }

  #hasEnded(id: string): boolean {
    return ['done', 'failed', 'skipped'].includes(this.#track(id).phase);
  }

  #waits(): Job[] {
    const ready = this.#in('idle').filter((track) => this.#rules.waits(verbOf(track) ?? ''));
    return ready.map((track) => start([track]));
  }

  /** Those that wait are busy by now. */
  #ones(slots: number): Job[] {
    const ready = this.#in('idle').filter((track) => !this.#isBatched(track));
    return ready.slice(0, slots).map((track) => start([track]));
  }

  #isBatched(track: Track): boolean {
    return this.#rules.batched(verbOf(track) ?? '');
  }

  /**
   * A batch waits for every started unit that has yet to reach the same verb, so that one call
   * serves all. If all batches wait for each other, all of them start.
   */
  #batches(): Job[] {
    const ready = this.#in('idle').filter((track) => this.#isBatched(track));
    const verbs = [...new Set(ready.map(verbOf))];
    const full = verbs.filter((verb) => !this.#awaited(verb));
    const stuck = full.length === 0 && this.#in('busy').length === 0;
    return (stuck ? verbs : full).map((verb) =>
      start(ready.filter((track) => verbOf(track) === verb)),
    );
  }

  #awaited(verb: string | undefined): boolean {
    return [...this.#in('idle'), ...this.#in('busy')].some(({ unit, at }) =>
      unit.steps.slice(at + 1).some((step) => step.verb === verb),
    );
  }

  #in(phase: Track['phase']): Track[] {
    return [...this.#tracks.values()].filter((track) => track.phase === phase);
  }

  #track(id: string): Track {
    const track = this.#tracks.get(id);
    if (!track) throw new Error(`cannot schedule "${id}": it is not in the plan`);
    return track;
  }
}

function start(tracks: Track[]): Job {
  const parts = tracks.map((track): Part => {
    const { unit, at } = track;
    track.phase = 'busy';
    return { unit, step: unit.steps[at] as Step, last: at === unit.steps.length - 1 };
  });
  return { type: 'steps', verb: parts[0]?.step.verb ?? '', parts };
}

/** Undefined until the unit is opened. */
function verbOf({ unit, at }: Track): string | undefined {
  return unit.steps[at]?.verb;
}
