import { UserError } from '../model/errors.js';

const MINUTE = 60_000;

/**
 * The five fields of crontab(5) for "every so often". Cron counts within the hour and within the
 * day, so only what divides them comes at even distances.
 *
 * @param every milliseconds
 * @throws UserError for what cron cannot do evenly
 */
export function scheduleOf(every: number): string {
  const minutes = every / MINUTE;
  if (minutes === 1) return '* * * * *';
  if (Number.isInteger(minutes) && minutes > 1 && 60 % minutes === 0 && minutes < 60) {
    return `*/${minutes} * * * *`;
  }
  const hours = minutes / 60;
  if (hours === 1) return '0 * * * *';
  if (Number.isInteger(hours) && hours > 1 && 24 % hours === 0) {
    return hours === 24 ? '0 0 * * *' : `0 */${hours} * * *`;
  }
  throw new UserError(
    'cannot schedule that: cron has no such interval',
    'Give --every a number of minutes that divides an hour, or of hours that divides a day.',
  );
}
