import type { DueAction } from '../due-work/due-action.js';
import { endRun, type JobRow, logRun, runOf, startRun } from './runs.js';

/** Starts a run of a job whose time has come, unless the last one is still going on. */
export const runDue: DueAction = async ({ context, store, row, at, record }) => {
  const { kind, stack, name } = row;
  const job = row as JobRow;
  const running = runOf(store.rows, job);
  if (running) {
    const { number } = running.spec.run;
    // started by an apply that was killed before it could record this
    if (number > (job.facts.runs ?? 0)) {
      await record({ runs: number });
      return 'started';
    }
    if (job.spec.concurrency === 'forbid') {
      const error = `run ${number} is still going on`;
      logRun(context, job, undefined, { result: 'skipped', ms: 0, error });
      await record({ skipped: new Date(at).toISOString() });
      return 'started';
    }
    await endRun(context, store, running, 'stopped for the next run');
  }
  const attempt = (job.facts.attempts ?? 0) + 1;
  const fresh = (store.find(kind, stack, name) ?? job) as JobRow;
  const { spec } = await startRun(context, store, fresh, attempt);
  await record({ runs: spec.run.number, skipped: undefined });
  return 'started';
};
