import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, expect, it } from 'vitest';
import type { InstallPaths } from '../../src/model/install-paths.js';
import { canonical } from '../../src/model/json.js';
import { acquireLock } from '../../src/state/lock.js';
import { openState } from '../../src/state/state.js';
import { LATER, runSteps, STEPS } from './every-write.js';
import { faultyDisk } from './faults.js';
import { program, run } from './process.js';
import { makeInstallation } from './sample.js';

/** In memory if possible: the test writes very often. */
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const doomed = program('doomed');
const points: Record<string, number> = {};
afterAll(() => {
  const all = Object.values(points).reduce((sum, each) => sum + each, 0);
  process.stdout.write(`state: ${all} failures of a write, ${JSON.stringify(points)}\n`);
  expect(all).toBeGreaterThanOrEqual(100);
});

/** The rows of each table, as text. */
function tablesOf(paths: InstallPaths): string[] {
  const { rows } = openState(paths, LATER);
  return LATER.map(({ kind }) => canonical(rows.filter((row) => row.kind === kind)));
}

/** The tables before each step, and after the last. */
async function states(): Promise<string[][]> {
  const paths = makeInstallation(MEMORY);
  const found: string[][] = [];
  await runSteps(paths, { onStep: () => found.push(tablesOf(paths)) });
  return [...found, tablesOf(paths)];
}

/** Checks that each table is as before or after the step, and that the remaining steps succeed. */
async function expectRecovery(
  paths: InstallPaths,
  step: number,
  all: string[][],
  where: string,
): Promise<void> {
  for (const [index, table] of tablesOf(paths).entries()) {
    expect([all[step]?.[index], all[step + 1]?.[index]], where).toContain(table);
  }
  await runSteps(paths, { from: step });
  expect(tablesOf(paths), where).toEqual(all.at(-1));
  // the next holder of the lock removes the root, and leftovers of an interrupted removal
  if (!existsSync(paths.root) || readdirSync(paths.root).length === 0) return;
  const lock = await acquireLock(paths, { timeoutMs: 0 });
  lock.release({ removeIfEmpty: true });
  expect(existsSync(paths.root) && readdirSync(paths.root), where).toBe(false);
}

/** Runs the steps with one failing call of the disk. @returns the failed step; false without such a call */
async function runWithFault(paths: InstallPaths, fault: 'ENOSPC' | 'EIO' | 'never', at: number) {
  let step = 0;
  let reached = () => {};
  const hung = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const disk = faultyDisk(paths.root, (_, index) => {
    if (index === at && fault === 'never') reached();
    return index === at || (index > at && fault === 'never') ? fault : undefined;
  });
  const onStep = (each: number) => {
    step = each;
  };
  await Promise.race([runSteps(paths, { disk, onStep }).catch(() => undefined), hung]);
  while (disk.busy > 0) await new Promise((resolve) => setImmediate(resolve));
  await disk.closeAll();
  return disk.calls.length > at && { step, call: disk.calls[at] };
}

it.each(['ENOSPC', 'EIO', 'never'] as const)(
  'is old or new, and complete, after any single call fails with %s',
  async (fault) => {
    const all = await states();
    for (let at = 0; ; at++) {
      const paths = makeInstallation(MEMORY);
      const failed = await runWithFault(paths, fault, at);
      if (!failed) break;
      points[fault] = at + 1;
      const { step, call } = failed;
      // a failed update of display columns does not fail the step
      if (step < STEPS.length - 1 || tablesOf(paths).join() !== all.at(-1)?.join()) {
        await expectRecovery(paths, step, all, `${fault} at ${call} in step ${step}`);
      }
    }
  },
  300_000,
);

/** Tests one of so many calls: a separate process for each takes time. */
const SAMPLE = 12;

it('is also complete after a real SIGKILL', async () => {
  const all = await states();
  for (let at = 0; ; at += SAMPLE) {
    const paths = makeInstallation(MEMORY);
    const { child, lines, ended } = run(doomed, [paths.root, String(at)]);
    await ended;
    if (child.exitCode === 0) break;
    points.SIGKILL = (points.SIGKILL ?? 0) + 1;
    await expectRecovery(paths, Number(lines().at(-1)), all, `killed at call ${at}`);
  }
}, 300_000);
