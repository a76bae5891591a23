import { spawnSync } from 'node:child_process';
import { UserError } from '../../../model/errors.js';
import { environment } from './environment.js';

/** Exit code of flock(1) if another process has the lock. */
const CONFLICT = 75;

/**
 * Locks an open file without waiting; false if another process has it locked. flock(1) locks the
 * open file description that it inherits as descriptor 3, which stays locked for us after flock has
 * exited.
 *
 * @throws UserError "cannot lock <path>: …"
 */
export function flockDescriptor(fd: number, path: string): boolean {
  const args = ['--nonblock', '--conflict-exit-code', String(CONFLICT), '3'];
  const { status, error, stderr } = spawnSync('flock', args, {
    stdio: ['ignore', 'ignore', 'pipe', fd],
    encoding: 'utf8',
    env: environment(),
    timeout: 10_000,
    killSignal: 'SIGKILL',
  });
  if (status === 0) return true;
  if (status === CONFLICT) return false;
  const cause = error?.message ?? stderr.trim();
  throw new UserError(`cannot lock ${path}: ${cause}`, 'flock is part of util-linux.');
}
