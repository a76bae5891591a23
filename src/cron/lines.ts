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
