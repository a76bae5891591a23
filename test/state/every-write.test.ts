import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, expect, it } from 'vitest';
import type { InstallPaths } from '../../src/model/install-paths.js';
import { canonical } from '../../src/model/json.js';
import { acquireLock } from '../../src/state/lock.js';
import { openState } from '../../src/state/state.js';
import { LATER, live, STEPS } from './every-write.js';
import { faultyDisk } from './faults.js';
import { program, run } from './process.js';
import { makeInstallation } from './sample.js';

/** Where there is one, a file system that need not wait for a disk: it is written to very often. */
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

/** What each step finds, and what the last one leaves. */
async function states(): Promise<string[][]> {
  const paths = makeInstallation(MEMORY);
  const found: string[][] = [];
  await live(paths, { tell: () => found.push(tablesOf(paths)) });
  return [...found, tablesOf(paths)];
}

/** Every table is as before the step or as after it, and the life can be lived to its end. */
async function survives(
  paths: InstallPaths,
  step: number,
  all: string[][],
  where: string,
): Promise<void> {
  for (const [index, table] of tablesOf(paths).entries()) {
    expect([all[step]?.[index], all[step + 1]?.[index]], where).toContain(table);
  }
  await live(paths, { from: step });
  expect(tablesOf(paths), where).toEqual(all.at(-1));
  // the lock's holder takes the root away, and what a removal that was cut off has left in it
  if (!existsSync(paths.root) || readdirSync(paths.root).length === 0) return;
  const lock = await acquireLock(paths, { timeoutMs: 0 });
  lock.release({ removeIfEmpty: true });
  expect(existsSync(paths.root) && readdirSync(paths.root), where).toBe(false);
}

/** Lives with one call of the disk failing; answers how far it came, false when there is no such call. */
async function lived(paths: InstallPaths, fault: 'ENOSPC' | 'EIO' | 'never', at: number) {
  let step = 0;
  let reached = () => {};
  const hung = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const disk = faultyDisk(paths.root, (_, index) => {
    if (index === at && fault === 'never') reached();
    return index === at || (index > at && fault === 'never') ? fault : undefined;
  });
  const tell = (each: number) => {
    step = each;
  };
  await Promise.race([live(paths, { disk, tell }).catch(() => undefined), hung]);
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
      const came = await lived(paths, fault, at);
      if (!came) break;
      points[fault] = at + 1;
      const { step, call } = came;
      // what failed for the columns for people alone is no failure of the step
      if (step < STEPS.length - 1 || tablesOf(paths).join() !== all.at(-1)?.join()) {
        await survives(paths, step, all, `${fault} at ${call} in step ${step}`);
      }
    }
  },
  300_000,
);

/** Of so many calls one; a process of its own for each takes time. */
const SAMPLE = 12;

it('is also complete after a real SIGKILL', async () => {
  const all = await states();
  for (let at = 0; ; at += SAMPLE) {
    const paths = makeInstallation(MEMORY);
    const { child, lines, ended } = run(doomed, [paths.root, String(at)]);
    await ended;
    if (child.exitCode === 0) break;
    points.SIGKILL = (points.SIGKILL ?? 0) + 1;
    await survives(paths, Number(lines().at(-1)), all, `killed at call ${at}`);
  }
}, 300_000);
