import { UserError } from '../../../model/errors.js';
import { printable } from '../../../model/printable.js';
import { signalNumber } from '../../../model/signals.js';

/** @throws UserError for a signal that does not exist */
export function requiredSignal(text: string): number {
  const number = signalNumber(text);
  if (number !== undefined) return number;
  throw new UserError(
    `cannot send signal ${printable(text)}: it does not exist`,
    'Give a name or number of signal(7), such as TERM, SIGUSR1 or SIGRTMIN+3.',
  );
}

/** Of a container's record: stopping does not depend on what is written there. */
export const stopSignal = (text: string): number => signalNumber(text) ?? SIGTERM;

export const SIGKILL = 9;
const SIGTERM = 15;
