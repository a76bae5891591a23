import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startChild } from '../../../../src/host/linux/images/child.js';
import { shareLock } from '../../../../src/host/linux/process/lock-share.js';
import { type RunOptions, run, runSync } from '../../../../src/host/linux/process/run.js';

let dir: string;
let file: string;
let lock: number;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lock-'));
  file = join(dir, '.lock');
  lock = openSync(file, 'a');
});

afterEach(() => {
  shareLock(undefined);
  closeSync(lock);
  rmSync(dir, { recursive: true });
});

const LIST = ['-c', 'for each in /proc/self/fd/*; do readlink "$each"; done; true'];

/** Number of descriptors of the lock in programs started in each way. */
async function descriptorCounts(options: RunOptions = {}): Promise<number[]> {
  const child = startChild('sh', LIST, { purpose: 'list' });
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  await child.ended;
  const all = [await run('sh', LIST, options), runSync('sh', LIST, options)];
  return [...all.map(({ stdout }) => stdout), text].map((each) => each.split(file).length - 1);
}

it('shares the lock with every program while we hold it', async () => {
  expect(await descriptorCounts()).toEqual([0, 0, 0]);
  shareLock(lock);
  expect(await descriptorCounts()).toEqual([1, 1, 1]);
  expect(await descriptorCounts({ input: 'text' })).toEqual([1, 1, 1]);
  shareLock(undefined);
  expect(await descriptorCounts()).toEqual([0, 0, 0]);
});

it('does not share it with programs that run foreign code', async () => {
  shareLock(lock);
  expect(await descriptorCounts({ foreign: true })).toEqual([0, 0, 1]);
});
