import { UserError } from '../model/errors.js';

export interface Job {
  /** Five fields of crontab(5). */
  schedule: string;
  /** All absolute. */
  node: string;
  main: string;
  root: string;
  file: string;
  /** Further options that tell the stack: more files, its name, profiles. */
  more?: readonly string[];
  /** False: the periodic line does it, a little later. */
  atReboot: boolean;
}

/** cron's own PATH has neither sbin nor /usr/local. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Stacks with the same root share a lock and a schedule: each waits for the lock, and gives up
 * before the next run.
 */
const LOCK_TIMEOUT = '50s';

/**
 * Two lines: a periodic one, and one after boot. PATH is set by env(1) for our command only: a line
 * `PATH=…` would apply to all lines below it.
 */
export function linesOf({ schedule, node, main, root, file, more = [], atReboot }: Job): string[] {
  const words = [
    ...['/usr/bin/env', `PATH=${PATH}`, node, main],
    ...['--root', root, '--file', file, ...more, 'apply', '--quiet', '--auto-approve'],
    ...['--lock-timeout', LOCK_TIMEOUT, '--lock-skip'],
  ];
  const command = words.map(quote).join(' ');
  return [...(atReboot ? [`@reboot ${command}`] : []), `${schedule} ${command}`];
}

const PLAIN = /^[\w@+=:,./-]+$/;

/** For sh(1). crontab(5) turns `%` into a newline and cannot represent a newline itself. */
function quote(word: string): string {
  if (/[%\p{Cc}]/u.test(word)) {
    throw new UserError(
      `cannot put ${JSON.stringify(word)} into a crontab: cron interprets % and line breaks itself`,
      'Move it to a path without them.',
    );
  }
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The reverse of `quote`. */
export function unquote(word: string): string {
  return word.startsWith("'") ? word.slice(1, -1).replaceAll("'\\''", "'") : word;
}

const MINUTE = 60_000;

/**
 * The five fields of crontab(5) for an interval. Cron counts within the hour and within the day, so
 * only their divisors give even intervals.
 *
 * @param every milliseconds
 * @throws UserError for an interval that cron cannot keep evenly
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
