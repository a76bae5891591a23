/**
 * Work that a resource has at certain times, such as a run of a job or a snapshot of a volume. The
 * times are worked out from its schedules when an apply does something (`schedule.ts`) and recorded:
 * a run with nothing to do only compares numbers.
 */

/** When work is due, in cron's notation. */
export interface Schedule {
  /** Five fields, or one of cron's names for them, such as `@daily`. */
  cron: string;
  /** Of the IANA database: `Europe/Paris`. Absent: that of the host. */
  timezone?: string;
}

/** The schedules of a resource, by the task that each is for. */
export type Schedules = Readonly<Record<string, Schedule>>;

/** What is recorded of a task. Times are milliseconds since 1970. */
export interface TaskFacts {
  /** When it is due; absent if never again. */
  next?: number;
  /** When `next` was worked out. */
  since: number;
  /** The schedule that `next` is of, by `scheduleText`. */
  schedule: string;
  /** Why it failed the last time, in one line; absent after a success. */
  failure?: string;
  /** Failures in a row, if any. */
  failures?: number;
}

/** A part of the facts of a row with schedules. */
export interface DueFacts {
  due?: Record<string, TaskFacts>;
}

/** The expression, and the time zone if it has one. */
export const scheduleText = ({ cron, timezone }: Schedule): string =>
  timezone === undefined ? cron : `${cron} ${timezone}`;

/**
 * Whether an apply has something to do for one of the tasks: it is due, its next time has to be worked
 * out, or its last failure reported.
 */
export function needsWork(schedules: Schedules, { due = {} }: DueFacts, now: number): boolean {
  for (const task in schedules) {
    const facts = due[task];
    const schedule = schedules[task] as Schedule;
    if (!facts || facts.schedule !== scheduleText(schedule) || facts.failure !== undefined)
      return true;
    if (isOverdue(facts, now) || isClockBack(facts, now)) return true;
  }
  return false;
}

export const isOverdue = ({ next }: TaskFacts, now: number): boolean =>
  next !== undefined && next <= now;

/**
 * Whether the clock was set back by so much since the time was worked out that the next one has to be
 * looked at again. After a smaller step it is simply later: nothing runs twice.
 */
export const isClockBack = ({ since }: TaskFacts, now: number): boolean => now < since - DAY;

/** Milliseconds. */
export const DAY = 24 * 3_600_000;
