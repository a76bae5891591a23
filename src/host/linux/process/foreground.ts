import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import { wrapped } from './attributes.js';
import { environment } from './environment.js';

/** What is passed on to the program; the terminal's own, of which it would get a second one, as well. */
const PASSED = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

export interface Foreground {
  /** It changes the modes of our terminal, which are as before when it has ended, however that was. */
  terminal: boolean;
  /** Called with each line that it writes to descriptor 3, and its pid. */
  heard: (line: string, pid: number) => void;
}

/**
 * Runs a program with our standard streams and in our session, for as long as it takes: it is its
 * user who ends it. At descriptor 3 it reads the signals that we get, by name and one a line, and end
 * of file when we are gone.
 *
 * @returns its exit code, or 128 + n for signal n
 */
export async function inForeground(
  program: string,
  args: string[],
  { terminal, heard }: Foreground,
): Promise<number> {
  const modes = terminal ? stty(['-g']) : undefined;
  const [first, ...words] = wrapped(program, args);
  const child = spawn(first, words, {
    env: environment(),
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
  const channel = child.stdio[3] as Duplex;
  channel.on('error', () => undefined);
  lines(channel, (line) => heard(line, child.pid ?? 0));
  const pass = (signal: NodeJS.Signals) => channel.write(`${signal.slice(3)}\n`);
  for (const signal of PASSED) process.on(signal, pass);
  process.once('SIGHUP', endByHangUp);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        // by itself it has put them back
        if (signal && modes) stty([modes]);
        resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']);
      });
    });
  } finally {
    for (const signal of PASSED) process.off(signal, pass);
    process.off('SIGHUP', endByHangUp);
    channel.destroy();
  }
}

/** Node puts the modes of a terminal back at its end, and aborts when that is gone. */
function endByHangUp(): void {
  process.once('exit', () => {
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  });
}

/** stty(1) on standard input; undefined when that is no terminal. */
function stty(args: string[]): string | undefined {
  const { status, stdout } = spawnSync('stty', args, {
    env: environment(),
    stdio: ['inherit', 'pipe', 'ignore'],
    encoding: 'utf8',
    timeout: 1000,
  });
  return status === 0 ? stdout.trim() : undefined;
}

function lines(stream: Duplex, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) take(part);
  });
}
