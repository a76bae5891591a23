import { printable } from './printable.js';
/** How a container's first process ended. */
export interface Exit {
  /** 128 + n for signal n. */
  code: number;
  /** The OOM killer killed a process in its cgroup. */
  outOfMemory: boolean;
}

/**
 * The signals of signal(7) that terminate a process. The numbers are the same on all supported
 * machines.
 */
const SIGNALS: Record<number, string> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
};

/** `1`, `137 SIGKILL`, `137 SIGKILL, out of memory` */
export function describeExit({ code, outOfMemory }: Exit): string {
  const signal = SIGNALS[code - 128];
  return `${code}${signal ? ` ${signal}` : ''}${outOfMemory ? ', out of memory' : ''}`;
}

/** Describes a container that exits soon after each start. */
export const CRASH_LOOP = 'does not stay up';

/** Prefix of a line that varies: ignored when failures are compared. */
export const LAST_LINE = 'last line of its log: ';

/** Maximum length of a recorded failure, in characters. */
const MAX_LENGTH = 300;

/** Shorter values occur in too many ordinary words to be treated as secrets. */
const MIN_SECRET_LENGTH = 4;

/**
 * The failure recorded in a row: the first line of the error, escaped and truncated, with the
 * credentials of URLs and the values of the resource's environment variables masked.
 *
 * @param spec its `environment` and build `args` may hold secrets
 */
export function recordedFailure(message: string, spec: unknown): string {
  const [line = ''] = message.split('\n');
  const hidden = secretsIn(spec).reduce((text, secret) => text.replaceAll(secret, '***'), line);
  const text = printable(hidden.replace(USER_INFO, '$1***@')).trim();
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
}

/** The user information of a URL (RFC 3986, 3.2.1). */
const USER_INFO = /(:\/\/)[^/\s@]+@/g;

/** Longest first, because one may contain another. */
function secretsIn(spec: unknown): string[] {
  const found: string[] = [];
  const visit = (value: unknown, isSecret: boolean) => {
    if (typeof value === 'string' && isSecret) found.push(value);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, each] of Object.entries(value)) {
      visit(each, isSecret || key === 'environment' || (key === 'args' && !Array.isArray(each)));
    }
  };
  visit(spec, false);
  return found
    .filter(({ length }) => length >= MIN_SECRET_LENGTH)
    .sort((a, b) => b.length - a.length);
}
