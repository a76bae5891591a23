import { UserError } from '../model/errors.js';

export interface Job {
  /** Five fields of crontab(5). */
  schedule: string;
  /** All absolute. */
  node: string;
  main: string;
  root: string;
  file: string;
  /** False: the line that comes again and again does it, a little later. */
  atReboot: boolean;
}

/** cron's own has neither sbin nor /usr/local. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Stacks on one root share a lock and a minute: each waits for its turn, and gives up before the
 * next one.
 */
const PATIENCE = '50s';

/**
 * Two lines: one that comes again and again, one after a boot. PATH is set by env(1) for our command
 * alone: a line `PATH=…` would hold for everybody's below.
 */
export function linesOf({ schedule, node, main, root, file, atReboot }: Job): string[] {
  const words = [
    ...['/usr/bin/env', `PATH=${PATH}`, node, main],
    ...['--root', root, '--file', file, 'apply', '--quiet', '--auto-approve'],
    ...['--lock-timeout', PATIENCE, '--lock-skip'],
  ];
  const command = words.map(quote).join(' ');
  return [...(atReboot ? [`@reboot ${command}`] : []), `${schedule} ${command}`];
}

const PLAIN = /^[\w@+=:,./-]+$/;

/** For sh(1). crontab(5) makes a newline of `%` and has no way for a newline itself. */
function quote(word: string): string {
  if (/[%\p{Cc}]/u.test(word)) {
    throw new UserError(
      `cannot put ${JSON.stringify(word)} into a crontab: cron takes % and line breaks for its own`,
      'Move it to a path without them.',
    );
  }
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The way back of `quote`. */
export function unquote(word: string): string {
  return word.startsWith("'") ? word.slice(1, -1).replaceAll("'\\''", "'") : word;
}

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
