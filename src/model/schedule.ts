import { Cron, CronPattern } from 'croner';
import { DAY, isClockBack, type Schedule, scheduleText, type TaskFacts } from './due.js';
import { messageOf } from './errors.js';

/**
 * The first time of a schedule after another one, in milliseconds since 1970; undefined if it never
 * comes. As in cron, a local time that a change of the clocks skips comes once, at the end of the gap,
 * and one that exists twice comes the first time; only what runs in each hour follows real time.
 */
export function nextDue(schedule: Schedule, after: Date): number | undefined {
  return cronOf(schedule).nextRun(after)?.getTime();
}

/** Why an expression is none; undefined for a good one. */
export function scheduleProblem(cron: string): string | undefined {
  const fields = cron.trim().split(/\s+/);
  if (!cron.trim().startsWith('@') && fields.length !== 5) {
    const count = `${fields.length === 1 ? '1 field' : `${fields.length} fields`}`;
    return `has ${count}, not 5: minute, hour, day of the month, month, day of the week${fields.length === 6 ? '; seconds are not possible' : ''}`;
  }
  try {
    return nextDue({ cron, timezone: 'UTC' }, new Date()) === undefined ? 'never comes' : undefined;
  } catch (error) {
    if (/^\s*@reboot\b/i.test(cron))
      return 'is no time: a missed one is made up for after a reboot';
    return `is no cron expression: ${messageOf(error).replace(/^Cron[A-Za-z]*: /, '')}`;
  }
}

/** Whether this host knows a time zone of that name. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

/**
 * What is to be recorded of a task before it is looked at: its next time, if that is not known for this
 * schedule, or lies so far ahead that the clock must have been wrong.
 */
export function currentTask(
  schedule: Schedule,
  facts: TaskFacts | undefined,
  now: number,
): TaskFacts {
  const text = scheduleText(schedule);
  if (!facts || facts.schedule !== text) return following(schedule, undefined, now);
  if (!isClockBack(facts, now)) return facts;
  const next = nextDue(schedule, new Date(now));
  const then = next === undefined ? undefined : nextDue(schedule, new Date(next));
  const period = next === undefined || then === undefined ? Number.POSITIVE_INFINITY : then - next;
  const isTooFar = facts.next !== undefined && facts.next - now > 2 * period + DAY;
  const { next: _before, ...rest } = facts;
  const kept = isTooFar ? next : facts.next;
  return { ...rest, ...(kept !== undefined && { next: kept }), since: now };
}

/** What is recorded once a task was done or begun: missed times are not made up for one by one. */
export function following(
  schedule: Schedule,
  facts: TaskFacts | undefined,
  now: number,
): TaskFacts {
  const next = nextDue(schedule, new Date(now));
  return {
    ...(next !== undefined && { next }),
    since: now,
    schedule: scheduleText(schedule),
    ...(facts?.failure !== undefined && { failure: facts.failure }),
    ...(facts?.failures !== undefined && { failures: facts.failures }),
  };
}

/** Milliseconds until what has failed is tried again, doubled each time. @param facts before this failure */
export const retryPause = ({ failures = 0 }: TaskFacts): number =>
  Math.min(MINUTE * 2 ** failures, MAX_PAUSE);

const MINUTE = 60_000;
const MAX_PAUSE = 60 * MINUTE;

/**
 * After a failure: it is reported until a success, and tried again at `retry`, unless it is due before.
 *
 * @param facts for the time after this one, by `following`
 */
export function afterFailure(facts: TaskFacts, failure: string, retry?: number): TaskFacts {
  const times = [facts.next, retry].filter((each) => each !== undefined);
  const failures = (facts.failures ?? 0) + 1;
  const next = times.length > 0 ? { next: Math.min(...times) } : {};
  return { ...facts, ...next, failure, failures };
}

/** After a success: what failed before is forgotten. */
export function afterSuccess({ failure: _old, failures: _count, ...facts }: TaskFacts): TaskFacts {
  return facts;
}

function cronOf({ cron, timezone }: Schedule): Cron {
  return new Cron(atFixedTimes(cron.trim()), {
    mode: '5-part',
    fixedTimeRule: 'no-wildcard',
    ...(timezone !== undefined && { timezone }),
  });
}

/**
 * Lists the minutes and hours of an expression that does not run in each hour: `0-59/30 2 * * *` must not
 * run four times in the night when the clocks go back, nor never in the one when they go forward.
 */
function atFixedTimes(cron: string): string {
  const [minute = '', hour = '', ...rest] = cron.split(/\s+/);
  if (rest.length !== 3 || /^[*?]$/.test(hour)) return cron;
  const pattern = new CronPattern(cron, undefined, { mode: '5-part' });
  const listed = (flags: number[]) => flags.flatMap((flag, i) => (flag ? [i] : [])).join(',');
  return /[*?/]/.test(minute + hour)
    ? [listed(pattern.minute), listed(pattern.hour), ...rest].join(' ')
    : cron;
}
