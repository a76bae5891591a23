import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Node opens files close-on-exec: this distinguishes a run from a program that inherited its lock. */
const HOLDER = `
  const fd = require('node:fs').openSync(process.argv[1], 'a');
  const { status } = require('node:child_process').spawnSync('flock', ['3'], {
    stdio: ['ignore', 'ignore', 'inherit', fd],
  });
  if (status !== 0) process.exit(1);
  console.log('held');
  process.stdin.resume();
`;

/** Holds a lock like a run, in a separate process, until its standard input ends. */
export async function holdLock(path: string): Promise<ChildProcessWithoutNullStreams> {
  const holder = spawn(process.execPath, ['-e', HOLDER, '--', path]);
  await once(holder.stdout, 'data');
  return holder;
}
