import { CronPattern } from 'croner';

/** When a schedule of cron is due. */
export interface Times {
  minutes: number[];
  hours: number[];
  /** Days of the month, and months, from 1. */
  days: number[];
  months: number[];
  /** From 0, Sunday. */
  weekdays: number[];
  /** Both days are restricted, and one of them is enough (crontab(5)). */
  isEitherDay: boolean;
  /** Both days are restricted, and both must match. */
  isBothDays: boolean;
}

/** Undefined for what only baleine's cron knows: last days, nearest and numbered weekdays. */
export function timesOf(schedule: string): Times | undefined {
  const pattern = new CronPattern(schedule.trim(), undefined, { mode: '5-part' });
  const { minute, hour, day, month, dayOfWeek, starDOM, starDOW, useAndLogic } = pattern;
  const isOwn =
    pattern.lastDayOfMonth || pattern.lastWeekday || pattern.nearestWeekdays.some(Boolean);
  // a weekday has a bit for each of its occurrences in a month
  if (isOwn || dayOfWeek.some((bits) => bits !== 0 && bits !== EVERY)) return undefined;
  const isRestricted = !starDOM && !starDOW;
  return {
    minutes: due(minute),
    hours: due(hour),
    days: due(day).map((index) => index + 1),
    months: due(month).map((index) => index + 1),
    weekdays: due(dayOfWeek),
    isEitherDay: isRestricted && !useAndLogic,
    isBothDays: isRestricted && useAndLogic,
  };
}

const EVERY = 0b111111;

const due = (flags: readonly number[]) => flags.flatMap((flag, index) => (flag ? [index] : []));
