import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RUN } from '../../kinds/job/index.js';
import { addressOf } from '../../model/address.js';
import type { TaskFacts } from '../../model/due.js';
import type { Exit } from '../../model/exit.js';
import { cgroupPath, jobLog, jobLogsDir, logFile } from '../../model/install-paths.js';
import { durationOf, failureOfRun } from '../../model/job-run.js';
import { poll } from '../../model/poll.js';
import { type Row, resourceFromRow } from '../../model/resource.js';
import { afterFailure, afterSuccess, following } from '../../model/schedule.js';
import type {
  ContainerFacts,
  ContainerSpec,
  EndedRun,
  JobFacts,
  JobRun,
  JobSpec,
} from '../../model/specs.js';
import { logEvent } from '../../state/events-log.js';
import type { Store } from '../../state/store.js';
import { type Context, isEndedRun } from '../context.js';
import { invokingUser } from '../event-log.js';
import { executeForExitCode, executePlan } from '../execute-plan.js';
import { planDeleteData } from '../make-plan.js';
import { planResources } from '../plan-resources.js';

export type JobRow = Row<JobSpec, JobFacts>;
export type RunRow = Row<ContainerSpec & { run: JobRun }, ContainerFacts>;

/** The run of a job that has begun and is not settled; a job has one at a time, of its name. */
export function runOf(rows: readonly Row[], { stack, name }: Pick<Row, 'stack' | 'name'>) {
  return rows.find(
    (row): row is RunRow =>
      row.kind === 'container' &&
      row.stack === stack &&
      row.name === name &&
      (row.spec as ContainerSpec).run !== undefined,
  );
}

/**
 * Starts a run of a job: a container without a process of ours behind it. The caller holds the lock,
 * and has seen that there is none.
 *
 * @throws Error if it does not start; nothing is left of it
 */
export async function startRun(
  context: Context,
  store: Store,
  { stack, name, spec, facts, needs }: JobRow,
  attempt?: number,
): Promise<RunRow> {
  const number = (facts.runs ?? 0) + 1;
  const { timeout } = spec;
  const run: JobRun = {
    number,
    ...(attempt !== undefined && { attempt }),
    ...(timeout !== undefined && { timeout }),
  };
  const address = addressOf('container', name);
  const own = store.rows.filter((row) => row.stack === stack).map(resourceFromRow);
  const resource = { address, kind: 'container', name, needs, protect: false } as const;
  const resources = [...own, { ...resource, spec: { ...spec.container, run } }];
  const plan = await planResources(context, stack, resources, store.rows, { targets: [address] });
  const view = await context.frontend.view({ brief: true, silent: true });
  const outcome = await executePlan(context, plan, store, view, { destroy: false });
  const started = runOf(store.rows, { stack, name });
  if (outcome.status === 'done' && started?.status === 'ready') return started;
  if (started) await removeRun(context, store, started);
  throw new Error(outcome.failed[0]?.error ?? `cannot start ${address}: ${outcome.status}`);
}

/** Records how ended runs have ended, keeps their logs, and removes them. The caller holds the lock. */
export async function settleRuns(context: Context, store: Store): Promise<void> {
  for (const row of store.rows.filter(isEndedRun) as RunRow[]) {
    if (row.facts.pid !== undefined)
      await recordEnd(context, store, row, await endOf(context, row));
    await removeRun(context, store, row);
  }
}

/** Ends a run that goes on. It counts as neither success nor failure: `why` says what it is. */
export async function endRun(
  context: Context,
  store: Store,
  row: RunRow,
  why: string,
): Promise<void> {
  const ended_at = new Date().toISOString();
  await recordEnd(context, store, row, { failure: why, ended_at, isEnded: true });
  await removeRun(context, store, row);
}

interface End extends Pick<EndedRun, 'ended_at' | 'code' | 'failure'> {
  /** Somebody has ended it. */
  isEnded?: true;
}

/** Milliseconds for its monitor to write the rest of the log, and the exit code. */
const MONITOR_LIMIT = 10_000;

async function endOf(context: Context, { spec, facts }: RunRow): Promise<End> {
  const { health } = await context.host();
  const life = () => health.life(spec.id);
  const isOver = (seen: ReturnType<typeof life>) => seen?.running !== true;
  await poll(life, { until: isOver, pause: 20, maxPause: 500, limit: MONITOR_LIMIT });
  const probe = await context.probe();
  const found = facts.boot_id === probe.bootId ? probe.exit(spec.id) : undefined;
  const exit: Exit | undefined = found && {
    code: found.code,
    outOfMemory: probe.oomKills(cgroupPath(context.paths, spec.id)) > 0,
  };
  const failure = failureOfRun(exit, spec.run.timeout);
  return {
    ...(found && { ended_at: found.at }),
    ...(found && found.code >= 0 && { code: found.code }),
    ...(failure !== undefined && { failure }),
  };
}

/**
 * Writes the result of a run into the row of its job, which may be gone. Repeated after an interruption,
 * it writes the same.
 */
async function recordEnd(
  context: Context,
  store: Store,
  row: RunRow,
  { isEnded, ...end }: End,
): Promise<void> {
  const { stack, name, spec, facts } = row;
  const job = store.find('job', stack, name) as JobRow | undefined;
  if (!job) return;
  const { run } = spec;
  const started_at = facts.started_at ?? new Date().toISOString();
  const ended: EndedRun = { ...run, started_at, ...end };
  keepLog(context, job, run);
  const others = job.facts.history?.filter(({ number }) => number !== run.number) ?? [];
  const history = [ended, ...others].slice(0, job.spec.keep_logs);
  pruneLogs(context, job, history);
  const { attempts: _attempts, ...before } = job.facts;
  const runs = Math.max(before.runs ?? 0, run.number);
  const after = afterRun(job, run, isEnded ? undefined : ended);
  await store.put({ ...job, facts: { ...before, runs, history, ...after } });
  logRun(context, job, run, {
    result: end.failure === undefined ? 'done' : 'failed',
    ms: durationOf(ended) ?? 0,
    ...(end.failure !== undefined && { error: end.failure }),
  });
}

/** Milliseconds until a failed run is tried again, doubled each time. */
const PAUSE = 60_000;
const MAX_PAUSE = 60 * PAUSE;

/**
 * What the end of a run means for the next ones.
 *
 * @param ended undefined if somebody has ended it
 */
function afterRun(
  { name, spec, facts }: JobRow,
  { attempt, number }: JobRun,
  ended: EndedRun | undefined,
): Pick<JobFacts, 'attempts' | 'due'> {
  const recorded = facts.due?.[RUN];
  if (!recorded) return {};
  const now = Date.now();
  const { schedule: cron, timezone } = spec;
  const schedule = { cron, ...(timezone !== undefined && { timezone }) };
  // an apply was killed when it had started the run, and before it had recorded the next time
  const isUnrecorded = attempt !== undefined && number > (facts.runs ?? 0);
  const task = isUnrecorded ? following(schedule, recorded, now) : recorded;
  const due = (run: TaskFacts) => ({ due: { ...facts.due, [RUN]: run } });
  if (!ended) return due(task);
  if (ended.failure === undefined) return due(afterSuccess(task));
  // whoever asked for it sees the result
  if (attempt === undefined) return due(task);
  if (attempt <= spec.retries) {
    const retry = now + Math.min(PAUSE * 2 ** (attempt - 1), MAX_PAUSE);
    return { attempts: attempt, ...due({ ...task, next: Math.min(task.next ?? retry, retry) }) };
  }
  const text = `its last run failed: ${ended.failure} (baleine job logs ${name})`;
  return due(afterFailure(task, text));
}

function keepLog({ paths }: Context, { spec: { container } }: JobRow, { number }: JobRun): void {
  const from = logFile(paths, container.id);
  if (!existsSync(from)) return;
  const to = jobLog(paths, container.id, number);
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
  renameSync(from, to);
}

function pruneLogs({ paths }: Context, { spec }: JobRow, history: readonly EndedRun[]): void {
  const dir = jobLogsDir(paths, spec.container.id);
  if (!existsSync(dir)) return;
  const kept = new Set(history.map(({ number }) => `${number}.log`));
  for (const name of readdirSync(dir)) {
    if (!kept.has(name)) rmSync(join(dir, name), { force: true });
  }
}

/** Stops it if it runs. */
async function removeRun(context: Context, store: Store, { stack, name }: RunRow): Promise<void> {
  const address = addressOf('container', name);
  const plan = await planDeleteData(context, stack, store.rows, [address]);
  const view = await context.frontend.view({ brief: true, silent: true });
  const code = await executeForExitCode(context, plan, store, view, { destroy: true });
  if (code !== 0) throw new Error(`cannot remove ${address}, a run of job ${name}`);
}

/** An event of a job: a run that has ended, or was skipped. */
export function logRun(
  { paths }: Context,
  { stack, name }: JobRow,
  run: JobRun | undefined,
  { result, ms, error }: { result: 'done' | 'failed' | 'skipped'; ms: number; error?: string },
): void {
  logEvent(paths, {
    at: new Date().toISOString(),
    who: invokingUser(),
    stack,
    address: addressOf('job', name),
    action: 'run',
    drift: false,
    reasons: run ? [`run ${run.number}`] : [],
    ms,
    result,
    ...(error !== undefined && { error }),
  });
}
