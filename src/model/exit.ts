import { printable } from './printable.js';
/** How a container's first process ended. */
export interface Exit {
  /** 128 + n for signal n. */
  code: number;
  /** The kernel killed in its cgroup for want of memory. */
  outOfMemory: boolean;
}

/** Of signal(7), those that end a process; the same numbers on all machines that matter here. */
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

/** Of a container that was started and ended. */
export const CRASH_LOOP = 'does not stay up';

/** Begins a line that is another one each time: it does not tell failures apart. */
export const LAST_LINE = 'last line of its log: ';

/** Characters of a recorded failure. */
const MAX_LENGTH = 300;

/** Shorter values are in too many words to tell that one of them is meant. */
const MIN_SECRET_LENGTH = 4;

/**
 * What a row says of its failed change: the first line of the error, harmless and bounded, without the
 * credentials of an address and without the values of the variables that the resource is made of.
 *
 * @param spec whose `environment` and build `args` may hold secrets
 */
export function recordedFailure(message: string, spec: unknown): string {
  const [line = ''] = message.split('\n');
  const hidden = secretsIn(spec).reduce((text, secret) => text.replaceAll(secret, '***'), line);
  const text = printable(hidden.replace(USER_INFO, '$1***@')).trim();
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
}

/** Of a URL (RFC 3986, 3.2.1). */
const USER_INFO = /(:\/\/)[^/\s@]+@/g;

/** The longest first: one may be part of another. */
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
