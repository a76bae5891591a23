import type { Unit } from '../model/plan.js';
import type { Step } from '../model/step.js';

/** Something to be started now. */
export type Job =
  | { type: 'open'; unit: Unit }
  /** Several parts only for a verb that is batched. */
  | { type: 'steps'; verb: string; parts: Part[] };

export interface Part {
  unit: Unit;
  step: Step;
  /** It is the last step of its unit. */
  last: boolean;
}

export interface Rules {
  /** Whether a verb's steps are taken together. */
  batched: (verb: string) => boolean;
  /** Most `one` jobs at a time, 1 and up. */
  parallelism: number;
  /** A failure does not hold back what needed it. */
  keepGoing: boolean;
}

interface Track {
  unit: Unit;
  phase: 'waiting' | 'idle' | 'busy' | 'done' | 'failed' | 'skipped';
  /** Index of the step that is next or under way; -1 while the unit is being opened. */
  at: number;
  /** Why it failed or was skipped: the address at the root of it. */
  culprit?: string;
}

/**
 * Which unit may do what next. Pure bookkeeping over the units' needs: it starts nothing and
 * waits for nothing. The caller reports each job's end by `advance` or `fail`.
 */
export class Schedule {
  readonly #tracks: Map<string, Track>;
  readonly #rules: Rules;

  /** Throws when the units are not sorted by their needs, which no planner's plan is. */
  constructor(units: readonly Unit[], rules: Rules) {
    this.#rules = rules;
    this.#tracks = new Map();
    for (const unit of units) {
      const unmet = [...unit.needs, ...(unit.after ?? [])].find((id) => !this.#tracks.has(id));
      if (unmet) throw new Error(`cannot order the plan: "${unit.id}" comes before "${unmet}"`);
      this.#tracks.set(unit.id, { unit, phase: 'waiting', at: -1 });
    }
  }

  /** Marks what can be started as busy and answers it; empty when all waits or nothing is left. */
  next(): Job[] {
    return [...this.#opens(), ...this.#ones(), ...this.#batches()];
  }

  /** A job of this unit went well. */
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

  /** Gives up what can no longer start because of a failure, and answers it with the culprit. */
  skip(): { unit: Unit; culprit: string }[] {
    if (this.#rules.keepGoing) return [];
    return this.#in('waiting').flatMap((track) => {
      const culprit = track.unit.needs.map((id) => this.#track(id).culprit).find(Boolean);
      if (!culprit) return [];
      Object.assign(track, { phase: 'skipped', culprit });
      return [{ unit: track.unit, culprit }];
    });
  }

  /** What has neither ended nor been skipped. */
  unfinished(): Unit[] {
    return [...this.#in('waiting'), ...this.#in('idle'), ...this.#in('busy')].map(
      ({ unit }) => unit,
    );
  }

  #opens(): Job[] {
    const ready = this.#in('waiting').filter(
      ({ unit: { needs, after = [] } }) =>
        needs.every((id) => this.#met(id)) && after.every((id) => this.#over(id)),
    );
    return ready.map((track) => {
      track.phase = 'busy';
      return { type: 'open', unit: track.unit };
    });
  }

  #met(id: string): boolean {
    const { phase } = this.#track(id);
    return phase === 'done' || (this.#rules.keepGoing && phase === 'failed');
  }

  #over(id: string): boolean {
    return ['done', 'failed', 'skipped'].includes(this.#track(id).phase);
  }

  #ones(): Job[] {
    const running = this.#in('busy').filter((track) => this.#isOne(track)).length;
    const ready = this.#in('idle').filter((track) => this.#isOne(track));
    return ready
      .slice(0, Math.max(0, this.#rules.parallelism - running))
      .map((track) => start([track]));
  }

  #isOne(track: Track): boolean {
    const verb = verbOf(track);
    return verb !== undefined && !this.#rules.batched(verb);
  }

  /**
   * A batch waits for every started unit that is still on its way to the same verb, so that one
   * call does for all. When only batches are left that wait for each other, all go.
   */
  #batches(): Job[] {
    const ready = this.#in('idle').filter((track) => !this.#isOne(track));
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

/** Undefined while the unit is being opened. */
function verbOf({ unit, at }: Track): string | undefined {
  return unit.steps[at]?.verb;
}
