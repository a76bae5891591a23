/** A program that takes the lock, optionally starts a child with or without it, and sleeps until killed. */
import { type StdioOptions, spawn } from 'node:child_process';
import { installPaths } from '../../src/model/install-paths.js';
import { acquireLock } from '../../src/state/lock.js';

const [root = '', timeout = '0', then = 'hold'] = process.argv.slice(2);
try {
  const lock = await acquireLock(installPaths(root), { timeoutMs: Number(timeout) });
  const streams = ['ignore', 'ignore', 'ignore', ...(then === 'share' ? [lock.descriptor] : [])];
  const child =
    then === 'child' || then === 'share'
      ? spawn('sleep', ['60'], { stdio: streams as StdioOptions })
      : undefined;
  process.stdout.write(`locked ${child?.pid ?? ''}\n`);
  if (then === 'release') lock.release({ removeIfEmpty: true });
  else setInterval(() => undefined, 1000);
} catch (error) {
  process.stdout.write(`${(error as Error).name}: ${(error as Error).message}\n`);
}
