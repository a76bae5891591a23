import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Node opens files close-on-exec: by that a run is told from a program that was given its lock. */
const HOLDER = `
  const fd = require('node:fs').openSync(process.argv[1], 'a');
  const { status } = require('node:child_process').spawnSync('flock', ['3'], {
    stdio: ['ignore', 'ignore', 'inherit', fd],
  });
  if (status !== 0) process.exit(1);
  console.log('held');
  process.stdin.resume();
`;

/** Takes a lock as a run does, in a process of its own; the end of its input has it end. */
export async function holdLock(path: string): Promise<ChildProcessWithoutNullStreams> {
  const holder = spawn(process.execPath, ['-e', HOLDER, '--', path]);
  await once(holder.stdout, 'data');
  return holder;
}
