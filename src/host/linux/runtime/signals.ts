import { constants } from 'node:os';
import { UserError } from '../../../model/errors.js';

/** SIGRTMIN as the C library has it: the kernel's 32 and 33 are its own (signal(7)). */
const FIRST_REALTIME = 34;
const LAST_REALTIME = 64;

/** The number of a signal written `SIGTERM`, `TERM`, `SIGRTMIN+3` or `15`. */
export function signalNumber(text: string): number {
  const name = text.toUpperCase().replace(/^(?!SIG)/, 'SIG');
  const found =
    constants.signals[name as NodeJS.Signals] ?? realtime(name) ?? plain(text.replace(/^SIG/, ''));
  if (found !== undefined) return found;
  throw new UserError(`cannot send signal ${text}: there is none of that name`, 'See signal(7)');
}

function realtime(name: string): number | undefined {
  const match = /^SIGRT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (!match) return undefined;
  const offset = Number(match[3] ?? 0) * (match[2] === '-' ? -1 : 1);
  const number = (match[1] === 'MIN' ? FIRST_REALTIME : LAST_REALTIME) + offset;
  return number >= FIRST_REALTIME && number <= LAST_REALTIME ? number : undefined;
}

function plain(text: string): number | undefined {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= LAST_REALTIME ? number : undefined;
}
