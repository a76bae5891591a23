import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import { withResetAttributes } from './attributes.js';
import { environment } from './environment.js';

/**
 * Signals passed on to the program, including the terminal's own, of which it would get a second
 * one.
 */
const PASSED_SIGNALS = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * Runs a program with our standard streams and in our session for as long as it takes; the user
 * decides when it ends. At descriptor 3 it reads the names of signals sent to us, one per line, and
 * end of file once we are gone.
 *
 * @param terminal the program changes our terminal's modes, which are always restored at its end
 * @returns its exit code, or 128 + n for signal n
 */
export async function inForeground(
  program: string,
  args: string[],
  terminal: boolean,
): Promise<number> {
  const modes = terminal ? stty(['-g']) : undefined;
  const [first, ...words] = withResetAttributes(program, args);
  const child = spawn(first, words, {
    env: environment(),
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
  const channel = child.stdio[3] as Writable;
  channel.on('error', () => undefined);
  const pass = (signal: NodeJS.Signals) => channel.write(`${signal.slice(3)}\n`);
  for (const signal of PASSED_SIGNALS) process.on(signal, pass);
  process.once('SIGHUP', endByHangup);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        // the program restored the modes itself
        if (signal && modes) stty([modes]);
        resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']);
      });
    });
  } finally {
    for (const signal of PASSED_SIGNALS) process.off(signal, pass);
    process.off('SIGHUP', endByHangup);
    channel.destroy();
  }
}

/** Node restores terminal modes at exit, and aborts if the terminal is gone. */
function endByHangup(): void {
  process.once('exit', () => {
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  });
}

/** stty(1) on standard input; undefined if that is not a terminal. */
function stty(args: string[]): string | undefined {
  const { status, stdout } = spawnSync('stty', args, {
    env: environment(),
    stdio: ['inherit', 'pipe', 'ignore'],
    encoding: 'utf8',
    timeout: 1000,
  });
  return status === 0 ? stdout.trim() : undefined;
}
