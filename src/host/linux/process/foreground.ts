import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { wrapped } from './attributes.js';
import { environment } from './environment.js';

/**
 * Runs a program with our standard streams and in our session, for as long as it takes: it is its
 * user who ends it. The terminal sends Ctrl-C to it as well; we stay to pass its exit code on.
 */
export async function inForeground(
  program: string,
  args: string[],
  input: boolean,
): Promise<number> {
  const [first, ...words] = wrapped(program, args);
  const child = spawn(first, words, {
    env: environment(),
    stdio: [input ? 'inherit' : 'ignore', 'inherit', 'inherit'],
  });
  const ignore = () => undefined;
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', ignore).on('SIGTERM', pass).on('SIGHUP', pass);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) =>
        resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']),
      );
    });
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', pass).off('SIGHUP', pass);
  }
}
