import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { withLock } from '../lock-share.js';

/** A mount namespace that is there as long as its only process. */
export interface Holder {
  pid: number;
  /** What to stand in front of a program that is to run in it. */
  enter: string[];
  release(): Promise<void>;
}

/**
 * Runs a shell script in a mount namespace of its own. When it says `ready` it holds what it has
 * mounted until its standard input ends; it ends with us.
 *
 * @throws Error "cannot <purpose>: <its complaint>"
 */
export async function hold(script: string, args: string[], purpose: string): Promise<Holder> {
  const words = ['unshare', '--mount', '--', 'sh', '-c', script, 'sh', ...args];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...words], {
    detached: true,
    stdio: withLock('pipe'),
    env: { ...process.env, LC_ALL: 'C' },
  });
  let complaint = '';
  child.stderr.on('data', (text) => {
    complaint += text;
  });
  const gone = once(child, 'close');
  const ready = await Promise.race([once(child.stdout, 'data'), gone.then(() => undefined)]);
  const { pid } = child;
  if (!ready || pid === undefined) throw new Error(`cannot ${purpose}: ${complaint.trim()}`);
  return {
    pid,
    enter: ['nsenter', `--target=${pid}`, '--mount', '--'],
    release: async () => {
      child.stdin.end();
      await gone;
    },
  };
}
