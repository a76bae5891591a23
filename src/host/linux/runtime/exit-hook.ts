import { rmSync, writeFileSync } from 'node:fs';
import { UserError } from '../../../model/errors.js';
import type { InstallPaths } from '../../../model/install-paths.js';
import { printable } from '../../../model/printable.js';
import { signalNumber } from '../../../model/signals.js';
import { bundleFiles } from './layout.js';

/**
 * Sets whether a container's monitor calls baleine when the container ends: a file marks this, and
 * is removed before we end the container ourselves. Enabling requires its bundle.
 */
export function healAtOnce(paths: InstallPaths, id: string, on: boolean): void {
  const { heal } = bundleFiles(paths, id);
  if (on) writeFileSync(heal, '', { mode: 0o600 });
  else rmSync(heal, { force: true });
}

/**
 * conmon waits for its exit command, and a run that restarts the container waits for conmon, so the
 * call continues in the background.
 */
const CALL = '[ ! -e "$0" ] || "$@" >/dev/null 2>&1 </dev/null &';

/** Command for conmon to run when the container has ended; empty without a command. */
export function exitCommandOf(paths: InstallPaths, id: string, command: string[]): string[] {
  if (command.length === 0) return [];
  return ['/bin/sh', '-c', CALL, bundleFiles(paths, id).heal, ...command, id];
}

/** @throws UserError for a signal that does not exist */
export function requiredSignal(text: string): number {
  const number = signalNumber(text);
  if (number !== undefined) return number;
  throw new UserError(
    `cannot send signal ${printable(text)}: it does not exist`,
    'Give a name or number of signal(7), such as TERM, SIGUSR1 or SIGRTMIN+3.',
  );
}

/**
 * The stop signal of a container's record. Invalid text falls back to SIGTERM: stopping must not
 * depend on it.
 */
export const stopSignal = (text: string): number => signalNumber(text) ?? SIGTERM;

export const SIGKILL = 9;
const SIGTERM = 15;
